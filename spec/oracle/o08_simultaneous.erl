%% Signals at the same time: the first reason wins, and what ends a process frees what it had first.
-module(o08_simultaneous).
-export([main/0]).
main() ->
    Me = self(),
    Wait = fun() -> receive never -> ok end end,
    T = fun(L, Act) -> P = scn:spawn_named(p, Wait), M = monitor(process, P), Act(P), receive {'DOWN', M, _, _, W} -> scn:log("~s -> ~s", [L, scn:fmt(W)]) end, scn:mailbox("   left") end,
    T("a, b", fun(P) -> exit(P, a), exit(P, b) end), T("a, kill", fun(P) -> exit(P, a), exit(P, kill) end), T("kill, a", fun(P) -> exit(P, kill), exit(P, a) end), T("normal, a", fun(P) -> exit(P, normal), exit(P, a) end), T("kill, kill", fun(P) -> exit(P, kill), exit(P, kill) end),
    T("a message, then a", fun(P) -> P ! hello, exit(P, a) end), T("shutdown, kill", fun(P) -> exit(P, shutdown), exit(P, kill) end), T("a, then demonitored by nobody, b", fun(P) -> exit(P, a), is_process_alive(P), exit(P, b) end),
    scn:log("-- trapping"),
    Trap = fun() -> process_flag(trap_exit, true), Me ! ready, Wait() end,
    TT = fun(L, Act) -> P = scn:spawn_named(t, Trap), M = monitor(process, P), receive ready -> ok end, Act(P), scn:settle(), case is_process_alive(P) of true -> scn:log("~s -> ~s", [L, scn:fmt(process_info(P, messages))]), exit(P, kill), receive {'DOWN', M, _, _, _} -> ok end; false -> receive {'DOWN', M, _, _, W} -> scn:log("~s -> ~s", [L, scn:fmt(W)]) end end end,
    TT("a, b", fun(P) -> exit(P, a), exit(P, b) end), TT("a, kill", fun(P) -> exit(P, a), exit(P, kill) end), TT("kill, a", fun(P) -> exit(P, kill), exit(P, a) end), TT("message, a, message, normal", fun(P) -> P ! m1, exit(P, a), P ! m2, exit(P, normal) end),
    scn:log("-- links"),
    process_flag(trap_exit, true),
    L1 = spawn_link(Wait), scn:name(l1, L1), exit(L1, a), exit(L1, b), scn:mailbox("one exit message"),
    A = scn:spawn_named(a, Wait), B = scn:spawn_named(b, fun() -> link(A), Me ! linked, Wait() end), receive linked -> ok end, MA = monitor(process, A), MB = monitor(process, B), exit(A, first), exit(B, second),
    receive {'DOWN', MA, _, _, WA} -> ok end, receive {'DOWN', MB, _, _, WB} -> ok end, scn:log("a ~p, b is one of both ~p", [WA, lists:member(WB, [first, second])]),
    H = scn:spawn_named(hub, fun() -> Ks = [spawn_link(Wait) || _ <- [1, 2, 3]], Me ! {kids, Ks}, Wait() end), Ks = receive {kids, X} -> X end, Ms = [monitor(process, K) || K <- Ks], MH = monitor(process, H), exit(hd(tl(Ks)), boom),
    scn:log("all end with the first reason: ~p", [[receive {'DOWN', R, _, _, WK} -> WK end || R <- [MH | Ms]]]), scn:mailbox(),
    scn:log("-- a process's own end, and a signal that comes after it"),
    S = scn:spawn_named(s, fun() -> receive go -> exit(own) end end), MS = monitor(process, S), S ! go, scn:settle(), exit(S, late), receive {'DOWN', MS, _, _, WS} -> scn:log("~p", [WS]) end, scn:mailbox(),
    Q = scn:spawn_named(q, fun() -> exit(self(), first), exit(second) end), scn:log("to itself first: ~p", [scn:wait_down(Q)]),
    Q2 = scn:spawn_named(q, fun() -> process_flag(trap_exit, true), exit(self(), first), exit(second) end), scn:log("to itself, trapping: ~p", [scn:wait_down(Q2)]),
    scn:log("-- messages that were queued are lost"),
    V = scn:spawn_named(v, Wait), V ! {Me, m}, V ! {Me, m}, exit(V, gone), scn:mailbox(),
    scn:log("-- free when it is told: ~p", [lists:usort([begin P = spawn(fun() -> register(res, self()), Me ! up, Wait() end), receive up -> ok end, R = case I rem 2 of 0 -> monitor(process, P); 1 -> link(P), P end, exit(P, kill), exit(P, x),
        receive {'DOWN', R, _, _, Y} -> {Y, whereis(res), is_process_alive(P)}; {'EXIT', R, Y} -> {Y, whereis(res), is_process_alive(P)} end end || I <- lists:seq(1, 300)])]),
    scn:log("-- never alive after a kill of the same process: ~p", [lists:usort([begin P = spawn(Wait), exit(P, kill), is_process_alive(P) end || _ <- lists:seq(1, 300)])]).
