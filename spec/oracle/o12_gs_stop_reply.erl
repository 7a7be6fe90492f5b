%% {stop, Reason, Reply, State}: terminate runs first, the reply follows it, then the end.
-module(o12_gs_stop_reply).
-export([main/0]).
main() ->
    process_flag(trap_exit, true),
    T = fun(L, Opts, Do, Timeout) ->
        scn:log("-- ~s", [L]), {ok, P} = srv:start_link(Opts#{name => s}),
        R = scn:catching(fun() -> gen_server:call(P, {do, Do}, Timeout) end), scn:log("call ~s", [R]), receive {'EXIT', P, W} -> scn:log("exit ~s", [scn:fmt(W)]) after 300 -> scn:log("alive"), exit(P, kill), receive {'EXIT', P, _} -> ok end end, scn:mailbox("left") end,
    Bye = fun(R) -> fun(_, _) -> {stop, R, bye, new_state} end end,
    T("normal", #{}, Bye(normal), 5000), T("shutdown", #{}, Bye(shutdown), 5000), T("boom", #{}, Bye(boom), 5000), T("infinity", #{}, Bye(boom), infinity),
    T("terminate takes its time", #{term => fun(R, S) -> scn:log("terminate ~p ~p", [R, S]), timer:sleep(60), scn:log("terminated") end}, Bye(normal), 5000),
    T("too much of it", #{term => fun(_, _) -> timer:sleep(100), scn:log("terminated") end}, Bye(normal), 20),
    T("terminate crashes", #{term => fun(_, _) -> scn:log("terminate"), error(broken) end}, Bye(normal), 5000),
    T("terminate exits", #{term => fun(_, _) -> exit(broken) end}, Bye(normal), 5000),
    T("terminate throws", #{term => fun(_, _) -> throw(broken) end}, Bye(boom), 5000),
    T("terminate is killed", #{term => fun(_, _) -> exit(self(), kill), timer:sleep(50) end}, Bye(normal), 5000),
    T("answered before", #{}, fun(F, _) -> gen_server:reply(F, early), timer:sleep(40), {stop, normal, later, s} end, 5000),
    T("by throw", #{}, fun(_, S) -> throw({stop, thrown, bye, S}) end, 5000),
    T("noreply stop", #{}, fun(_, S) -> {stop, normal, S} end, 5000),
    T("noreply stop, terminate answers", #{term => fun(_, F) -> gen_server:reply(F, from_terminate), timer:sleep(30) end}, fun(F, _) -> {stop, normal, F} end, 5000),
    scn:log("-- others that wait get the reason"), Me = self(),
    {ok, P} = srv:start(#{name => s}), [spawn(fun() -> timer:sleep(20 * I), Me ! {I, scn:catching(fun() -> gen_server:call(P, {i, I}) end)} end) || I <- [1, 2]],
    scn:log("first ~s", [scn:catching(fun() -> gen_server:call(P, {do, fun(_, S) -> timer:sleep(100), {stop, done, bye, S} end}) end)]), [receive {I, X} -> scn:log("~p ~s", [I, X]) end || I <- [1, 2]],
    scn:log("-- where there is nobody to answer it is a bad return"),
    [begin {ok, Q} = srv:start(O#{name => q}), M = monitor(process, Q), A(Q), receive {'DOWN', M, _, _, W} -> scn:log("~p ~s", [L, scn:fmt(W)]) end end
     || {L, O, A} <- [{cast, #{}, fun(Q) -> gen_server:cast(Q, {do, fun(S) -> {stop, normal, r, S} end}) end}, {info, #{info => fun(_, S) -> {stop, normal, r, S} end}, fun(Q) -> Q ! x end},
        {continue, #{continue => fun(_, S) -> {stop, normal, r, S} end}, fun(Q) -> gen_server:cast(Q, {do, fun(S) -> {noreply, S, {continue, c}} end}) end}, {cast_reply, #{}, fun(Q) -> gen_server:cast(Q, {do, fun(S) -> {reply, r, S} end}) end}]],
    scn:log("-- the name is there in terminate, and gone afterwards"),
    {ok, _} = srv:start({local, bob}, #{name => bob, term => fun(_, _) -> scn:log("in terminate ~p", [whereis(bob) =:= self()]) end}), scn:log("~p", [gen_server:call(bob, {do, fun(_, S) -> {stop, normal, bye, S} end})]), scn:settle(), scn:log("~p", [whereis(bob)]).
