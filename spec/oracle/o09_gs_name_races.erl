%% Servers that start under one name: who gets it, what the others are told, when it is free again.
-module(o09_gs_name_races).
-export([main/0]).
main() ->
    F = fun(L, X) -> scn:log("~s -> ~s", [L, scn:fmt(X)]) end,
    Init = fun(N) -> fun() -> scn:log("init ~p, whereis ~s", [N, scn:fmt(whereis(bob))]), {ok, N} end end,
    scn:log("-- one after the other"),
    {ok, _} = srv:start({local, bob}, #{name => p, init => Init(1)}), F("second", srv:start({local, bob}, #{name => q, init => Init(2)})), F("linked", srv:start_link({local, bob}, #{name => q, init => Init(3)})),
    F("monitored", gen_server:start_monitor({local, bob}, srv, #{name => q, init => Init(4)}, [])), scn:mailbox(), F("state", gen_server:call(bob, get)),
    scn:log("-- a parent that traps exits"), process_flag(trap_exit, true), F("linked", srv:start_link({local, bob}, #{name => q, init => Init(5)})), scn:mailbox(),
    scn:log("-- the name of a process that is no server, of itself, and undefined"),
    register(me, self()), F("its own", srv:start({local, me}, #{})), unregister(me), F("undefined", srv:start({local, undefined}, #{name => u})),
    scn:log("-- free again when it has ended"), gen_server:stop(bob), F("whereis", whereis(bob)), {ok, P2} = srv:start({local, bob}, #{name => p2, init => Init(6)}), exit(P2, kill), scn:wait_down(P2), F("whereis", whereis(bob)),
    scn:log("-- starts that fail leave no name"),
    [begin F(L, srv:start({local, bob}, #{name => x, init => fun() -> scn:log("in init ~p", [whereis(bob) =:= self()]), I() end})), F("whereis", whereis(bob)) end
     || {L, I} <- [{"ignore", fun() -> ignore end}, {"stop", fun() -> {stop, why} end}, {"error", fun() -> error(why) end}, {"exit", fun() -> exit(why) end}, {"throw", fun() -> throw(why) end}, {"bad", fun() -> bad end}, {"unregisters itself", fun() -> unregister(bob), {ok, 0} end}]],
    [begin F(lists:concat(["linked ", L]), srv:start_link({local, bob}, #{name => x, init => I})), F("whereis", whereis(bob)), scn:settle(), scn:flush() end || {L, I} <- [{ignore, fun() -> ignore end}, {stop, fun() -> {stop, why} end}]],
    scn:log("-- while init runs"), Me = self(),
    spawn(fun() -> R = srv:start({local, bob}, #{name => slow, init => fun() -> Me ! in_init, receive go -> ok end, {ok, slow} end}), Me ! {started, R} end), receive in_init -> ok end,
    F("another start", srv:start({local, bob}, #{name => q, init => Init(7)})), spawn(fun() -> Me ! {called, scn:catching(fun() -> gen_server:call(bob, get) end)} end), gen_server:cast(bob, early), scn:settle(), bob ! go, R1 = receive {started, Y1} -> Y1 end, R2 = receive {called, Y2} -> Y2 end, scn:settle(), F("started", R1), scn:log("called -> ~s", [R2]), gen_server:stop(bob),
    scn:log("-- while an init runs that fails"),
    spawn(fun() -> R = srv:start({local, bob}, #{name => slow, init => fun() -> Me ! in_init, receive go -> ok end, {stop, failed} end}), Me ! {started, R} end), receive in_init -> ok end,
    F("another start", srv:start({local, bob}, #{name => q, init => Init(8)})), spawn(fun() -> Me ! {called, scn:catching(fun() -> gen_server:call(bob, get) end)} end), scn:settle(), bob ! go, receive {started, R3} -> F("started", R3) end, receive {called, R4} -> scn:log("called -> ~s", [R4]) end, F("whereis", whereis(bob)),
    scn:log("-- many at once"),
    [spawn(fun() -> Me ! {res, srv:start({local, race}, #{name => winner, init => fun() -> Me ! ran_init, {ok, 0} end})} end) || _ <- lists:seq(1, 20)], Res = [receive {res, X} -> X end || _ <- lists:seq(1, 20)], scn:settle(),
    W = whereis(race), F("winners", length([1 || {ok, X} <- Res, X =:= W])), F("losers", length([1 || {error, {already_started, X}} <- Res, X =:= W])), F("left", scn:flush()), gen_server:stop(race),
    scn:log("-- global and via"),
    G = {global, glob}, {ok, _} = srv:start(G, #{name => g}), F("second", srv:start(G, #{name => q})), F("via", srv:start({via, global, glob}, #{name => q})), F("call", gen_server:call(G, get)), gen_server:stop(G), F("free", srv:start(G, #{name => g2, init => fun() -> ignore end})), F("free after ignore", global:whereis_name(glob)).
