%% Many children ending before their supervisor looks, under each strategy.
-module(o03_sup_storm).
-export([main/0, start_worker/1]).

%% The supervisor is suspended while the victims are killed, one after the other: it then finds their exits in that order.
storm(S, Victims) ->
    Pids = [case V of P when is_pid(P) -> P; Id -> kid:pid(S, Id) end || V <- Victims],
    sys:suspend(S),
    [kid:die(P, kill) || P <- Pids],
    sys:resume(S).

state(S) ->
    scn:settle(40),
    case is_process_alive(S) of
        true -> scn:log("children ~s", [scn:fmt([{I, P} || {I, P, _, _} <- supervisor:which_children(S)])]);
        false -> receive {'EXIT', S, W} -> scn:log("sup exited ~s", [scn:fmt(W)]) end
    end.

stop(S) ->
    case is_process_alive(S) of
        true -> exit(S, shutdown), receive {'EXIT', S, W} -> scn:log("sup stopped ~s", [scn:fmt(W)]) end;
        false -> ok
    end.

run(Tag, Flags, Kids, Victims) ->
    scn:log("-- ~s", [Tag]),
    {ok, S} = tsup:start_link({ok, {Flags, Kids}}),
    storm(S, Victims),
    state(S),
    stop(S).

flags(Strategy, Intensity) -> #{strategy => Strategy, intensity => Intensity, period => 60}.

kids(Ids) -> [kid:spec(I) || I <- Ids].

start_worker(Boss) -> P = spawn_link(fun() -> receive stop -> ok end end), Boss ! {worker, P}, {ok, P}.

main() ->
    process_flag(trap_exit, true),
    Six = [a, b, c, d, e, f],
    run("one_for_one: each end counts", flags(one_for_one, 4), kids(Six), [b, d, a, f]),
    run("one_for_one: one too many", flags(one_for_one, 3), kids(Six), [b, d, a, f]),
    run("one_for_all: one restart for all ends", flags(one_for_all, 1), kids(Six), [b, d, a, f]),
    run("rest_for_one: from the back to the front, each counts", flags(rest_for_one, 3), kids(Six), [e, c, a]),
    run("rest_for_one: from the front to the back, one counts", flags(rest_for_one, 1), kids(Six), [a, c, e]),
    run("rest_for_one: mixed, the third is too many", flags(rest_for_one, 2), kids(Six), [d, f, b, c, a]),
    scn:log("-- restart types in one storm"),
    Mixed = [kid:spec(p), kid:spec(t, #{restart => transient}), kid:spec(x, #{restart => temporary}), kid:spec(q)],
    {ok, S1} = tsup:start_link({ok, {flags(one_for_one, 9), Mixed}}),
    storm(S1, [x, t, q, p]), state(S1), stop(S1),
    {ok, S2} = tsup:start_link({ok, {flags(one_for_all, 9), Mixed}}),
    storm(S2, [x, t, q, p]), state(S2), stop(S2),
    scn:log("-- a restart that fails lets the other ends have their turn"),
    Second = fun(Id) -> kid:spec(Id, #{}, #{init => fun(2) -> {stop, not_yet}; (_) -> ok end}) end,
    {ok, S3} = tsup:start_link({ok, {flags(one_for_one, 9), [Second(g), kid:spec(h), Second(i)]}}),
    storm(S3, [g, h, i]), state(S3), stop(S3),
    {ok, S4} = tsup:start_link({ok, {flags(one_for_all, 9), [kid:spec(j), Second(k), kid:spec(l)]}}),
    storm(S4, [l, j]), state(S4), stop(S4),
    {ok, S5} = tsup:start_link({ok, {flags(rest_for_one, 9), [kid:spec(m), Second(n), kid:spec(o)]}}),
    storm(S5, [m, o, n]), state(S5), stop(S5),
    scn:log("-- requests between the ends"),
    {ok, S6} = tsup:start_link({ok, {flags(one_for_one, 9), kids([r, s])}}),
    [R, S] = [kid:pid(S6, I) || I <- [r, s]], Me = self(),
    sys:suspend(S6),
    kid:die(R, kill), spawn(fun() -> Me ! {seen, [I || {I, P, _, _} <- supervisor:which_children(S6), is_pid(P), is_process_alive(P)]} end), timer:sleep(30),
    kid:die(S, kill), sys:resume(S6),
    receive {seen, Seen} -> scn:log("alive between ~s", [scn:fmt(Seen)]) end,
    state(S6), stop(S6),
    scn:log("-- simple_one_for_one"),
    {ok, S7} = tsup:start_link({ok, {flags(simple_one_for_one, 5), [kid:spec(u, #{start => {kid, start_link, []}, shutdown => brutal_kill})]}}),
    Us = [begin {ok, P} = supervisor:start_child(S7, [I, #{trap => false}]), P end || I <- [u, v, w, x, y]],
    storm(S7, lists:reverse(Us)), scn:settle(40),
    scn:log("count ~s", [scn:fmt(supervisor:count_children(S7))]),
    storm(S7, [element(2, hd(supervisor:which_children(S7)))]), state(S7),
    scn:log("-- two subtrees fall at once"),
    Sub = fun(Id, Ids) -> #{id => Id, start => {tsup, start_link, [{ok, {flags(one_for_one, 0), kids(Ids)}}]}, type => supervisor} end,
    {ok, S8} = tsup:start_link({ok, {flags(one_for_all, 1), [Sub(left, [la, lb]), Sub(right, [ra, rb])]}}),
    Left = kid:pid(S8, left), Right = kid:pid(S8, right),
    sys:suspend(S8),
    [begin M = monitor(process, Sup), storm(Sup, [Victim]), receive {'DOWN', M, _, _, W} -> scn:log("~p down ~s", [Side, scn:fmt(W)]) end end
     || {Side, Sup, Victim} <- [{left, Left, lb}, {right, Right, ra}]],
    sys:resume(S8), scn:settle(40),
    scn:log("outer ~s", [scn:fmt(supervisor:count_children(S8))]),
    stop(S8),
    scn:log("-- a thousand at once"),
    [thousand(Strategy) || Strategy <- [one_for_one, one_for_all, rest_for_one]].

thousand(Strategy) ->
    N = 1000,
    Specs = [#{id => I, start => {?MODULE, start_worker, [self()]}} || I <- lists:seq(1, N)],
    {ok, S} = tsup:start_link({ok, {flags(Strategy, case Strategy of one_for_one -> N; _ -> 1 end), Specs}}),
    Before = [receive {worker, P} -> P end || _ <- lists:seq(1, N)],
    storm(S, Before),
    After = [receive {worker, P} -> P end || _ <- lists:seq(1, N)],
    Children = [P || {_, P, _, _} <- supervisor:which_children(S)],
    scn:log("~p: ~p started again, in order ~p, none left over ~p",
            [Strategy, length(After), lists:reverse(After) =:= Children, Before -- Children =:= Before]),
    stop(S).
