%% postpone: when postponed events come again, in which order, and what becomes of postponed calls at the end.
-module(w01_statem_postpone).
-export([main/0]).
main() ->
    Log = fun(T, X, S) -> scn:log("~s ~s in ~p", [scn:fmt(T), scn:fmt(X), S]), keep_state_and_data end,
    scn:log("-- postponed by keep_state: not before a change; by a change: in the order of arrival, ahead of the mailbox"),
    Ev = fun(cast, {go, S}, _, D) -> {next_state, S, D}; (cast, rep, _, _) -> repeat_state_and_data; (cast, same, S, D) -> {next_state, S, D};
            (cast, {back, S}, b, D) -> {next_state, S, D, [postpone]}; ({call, F}, sync, _, _) -> {keep_state_and_data, [{reply, F, ok}]};
            (cast, X, a, _) -> scn:log("postpone ~p", [X]), {keep_state_and_data, [postpone]}; (T, X, S, _) -> Log(T, X, S) end,
    {ok, P} = fsm:start(#{ev => Ev, state => a}), Send = fun(Q, L) -> sys:suspend(Q), [gen_statem:cast(Q, X) || X <- L], sys:resume(Q), gen_statem:call(Q, sync) end,
    Send(P, [p1, p2, same, rep, {go, b}, q1, {go, a}, p3, {go, c}, q2]),
    scn:log("-- postponed again in the state that they come again in; an event that postpones itself and changes the state comes first to its own postponing"),
    {ok, P2} = fsm:start(#{ev => fun(cast, {go, S}, _, D) -> {next_state, S, D}; (cast, both, a, D) -> scn:log("both in a"), {next_state, b, D, [postpone, {next_event, internal, i}]};
            (cast, old, S, _) when S =/= c -> scn:log("old in ~p", [S]), {keep_state_and_data, postpone}; ({call, F}, sync, _, _) -> {keep_state_and_data, [{reply, F, ok}]}; (T, X, S, _) -> Log(T, X, S) end, state => a}),
    Send(P2, [old, both, new, {go, c}]),
    scn:log("-- {postpone,false} takes it back; postponing inserted events and time-outs"),
    {ok, P3} = fsm:start(#{ev => fun(cast, back, a, _) -> scn:log("back"), {keep_state_and_data, [postpone, {postpone, false}]}; (cast, ins, a, _) -> {keep_state_and_data, [{next_event, internal, i1}, {next_event, info, i2}]};
            (cast, t0, a, _) -> {keep_state_and_data, [{state_timeout, 0, st}, {{timeout, n}, 0, nt}, {timeout, 0, et}]}; (cast, {go, S}, _, D) -> {next_state, S, D}; ({call, F}, sync, _, _) -> {keep_state_and_data, [{reply, F, ok}]};
            (T, X, a, _) -> scn:log("postpone ~s ~s", [scn:fmt(T), scn:fmt(X)]), {keep_state_and_data, postpone}; (T, X, S, _) -> Log(T, X, S) end, state => a}),
    Send(P3, [back, ins, t0, {go, b}]),
    scn:log("-- postponed calls: answered later, or they see the end"),
    {ok, P4} = fsm:start(#{ev => fun({call, F}, get, open, D) -> {keep_state_and_data, [{reply, F, D}]}; ({call, _}, get, _, _) -> {keep_state_and_data, [postpone]}; (cast, open, _, D) -> {next_state, open, D + 1}; (cast, quit, _, _) -> {stop, bye} end, state => closed}),
    Me = self(), Ask = fun(Q, N) -> spawn(fun() -> Me ! {N, scn:catching(fun() -> gen_statem:call(Q, get) end)} end) end,
    Ask(P4, 1), Ask(P4, 2), scn:settle(), gen_statem:cast(P4, open), [receive {N, R} -> scn:log("caller ~p ~s", [N, R]) end || N <- [1, 2]],
    {ok, P5} = fsm:start(#{ev => fun({call, _}, get, _, _) -> {keep_state_and_data, [postpone]}; (cast, quit, _, _) -> {stop, bye} end, state => closed}),
    Ask(P5, 1), Ask(P5, 2), scn:settle(), gen_statem:cast(P5, quit), [receive {N, R} -> scn:log("caller ~p ~s", [N, R]) end || N <- [1, 2]],
    scn:log("-- many inserted and many postponed"),
    {ok, P6} = fsm:start(#{ev => fun(cast, {go, S}, _, D) -> {next_state, S, D, [{next_event, internal, {i, N}} || N <- lists:seq(1, 4)]}; (cast, _, a, _) -> {keep_state_and_data, postpone}; (internal, {i, 2}, b, _) -> {keep_state_and_data, [{next_event, internal, {j, N}} || N <- [1, 2]]};
            ({call, F}, sync, _, _) -> {keep_state_and_data, [{reply, F, ok}]}; (T, X, S, _) -> Log(T, X, S) end, state => a}),
    Send(P6, [{p, N} || N <- lists:seq(1, 4)] ++ [{go, b}]),
    scn:log("-- states are compared as terms"),
    {ok, P7} = fsm:start(#{ev => fun(cast, same, {x, _}, D) -> {next_state, {x, #{one => 1, two => 2}}, D}; (cast, other, {x, _}, D) -> {next_state, {x, #{one => 1, two => 3}}, D}; (cast, p, {x, #{two := 2}}, _) -> scn:log("postpone p"), {keep_state_and_data, postpone};
            ({call, F}, sync, _, _) -> {keep_state_and_data, [{reply, F, ok}]}; (T, X, S, _) -> Log(T, X, S) end, state => {x, #{one => 1, two => 2}}}),
    Send(P7, [p, same, other]).
