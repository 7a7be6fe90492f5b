%% Children that are dead before the supervisor looks: how often it restarts, and what it counts.
-module(o19_sup_simultaneous).
-export([main/0]).
main() ->
    process_flag(trap_exit, true),
    Run = fun(Strategy, Intensity, Victims, Label, Kids) ->
        scn:log("-- ~p, intensity ~p, ~s", [Strategy, Intensity, Label]),
        {ok, S} = tsup:start_link({ok, {#{strategy => Strategy, intensity => Intensity, period => 5}, Kids}}), M = monitor(process, S),
        Pids = [kid:pid(S, V) || V <- Victims], sys:suspend(S), [begin kid:die(P, boom), scn:settle() end || P <- Pids], scn:log("resume"), catch sys:resume(S), scn:settle(100),
        case is_process_alive(S) of
            true -> scn:log("children ~s", [scn:fmt([{I, P} || {I, P, _, _} <- supervisor:which_children(S)])]), exit(S, shutdown), receive {'DOWN', M, _, _, W} -> scn:log("sup ~p", [W]) end;
            false -> receive {'DOWN', M, _, _, W} -> scn:log("sup gave up ~p", [W]) end
        end, scn:flush() end,
    Abc = [kid:spec(a), kid:spec(b), kid:spec(c)],
    [Run(St, I, [a, b], "a and b", Abc) || St <- [one_for_one, one_for_all, rest_for_one], I <- [1, 2]],
    [Run(St, 1, [b, a], "b and a", Abc) || St <- [one_for_one, one_for_all, rest_for_one]],
    [Run(St, 2, [c, a], "c and a", Abc) || St <- [one_for_one, one_for_all, rest_for_one]],
    [Run(St, 1, [a, b, c], "all", Abc) || St <- [one_for_all, rest_for_one]],
    Run(one_for_one, 3, [a, b, c], "all", Abc),
    Tmp = [kid:spec(a), kid:spec(t, #{restart => temporary}), kid:spec(c)], [Run(St, 1, [a, t], "a and a temporary one", Tmp) || St <- [one_for_one, one_for_all, rest_for_one]], [Run(St, 1, [t, a], "a temporary one and a", Tmp) || St <- [one_for_one, one_for_all, rest_for_one]],
    scn:log("-- a request that was queued behind the deaths"),
    {ok, S} = tsup:start_link({ok, {#{intensity => 5}, Abc}}), Me = self(), Pa = kid:pid(S, a), Pb = kid:pid(S, b), sys:suspend(S), kid:die(Pa, boom), spawn(fun() -> Me ! {which, [{I, P} || {I, P, _, _} <- supervisor:which_children(S)]} end), scn:settle(), kid:die(Pb, boom), scn:settle(), sys:resume(S), receive {which, Wh} -> scn:log("which ~s", [scn:fmt(Wh)]) end, scn:settle(), exit(S, shutdown), receive {'EXIT', S, _} -> ok end,
    scn:log("-- terminate_child of one that is dead already"),
    {ok, T} = tsup:start_link({ok, {#{intensity => 5}, Abc}}), Ta = kid:pid(T, a), sys:suspend(T), spawn(fun() -> Me ! {term, supervisor:terminate_child(T, a)} end), scn:settle(), kid:die(Ta, boom), scn:settle(), sys:resume(T), receive {term, Tr} -> scn:log("terminate ~p", [Tr]) end, scn:settle(), scn:log("children ~s", [scn:fmt([{I, P} || {I, P, _, _} <- supervisor:which_children(T)])]), exit(T, shutdown), receive {'EXIT', T, _} -> ok end,
    scn:log("-- simple_one_for_one"),
    {ok, U} = tsup:start_link({ok, {#{strategy => simple_one_for_one, intensity => 1}, [kid:spec(u)]}}), _ = [supervisor:start_child(U, []) || _ <- [1, 2]], _ = sys:suspend(U), exit(U, shutdown), scn:settle(), sys:resume(U), receive {'EXIT', U, Wu} -> scn:log("sup ~p", [Wu]) end.
