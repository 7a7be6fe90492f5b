%% rest_for_one: what comes after the child that died is stopped and started again with it.
-module(o15_sup_rest_for_one).
-export([main/0]).
main() ->
    process_flag(trap_exit, true),
    [begin
        scn:log("-- ~p dies ~p", [V, Why]), {ok, S} = sup([kid:spec(a), kid:spec(b), kid:spec(c), kid:spec(d)]),
        kid:die(kid:pid(S, V), Why), scn:settle(), show(S), stop(S) end || {V, Why} <- [{a, boom}, {b, boom}, {c, kill}, {d, boom}, {b, normal}, {b, shutdown}]],
    scn:log("-- transient and temporary siblings"),
    {ok, S1} = sup([kid:spec(a), kid:spec(b), kid:spec(t, #{restart => temporary}), kid:spec(u, #{restart => transient}), kid:spec(c)]),
    kid:die(kid:pid(S1, u), normal), scn:settle(), show(S1), kid:die(kid:pid(S1, b), boom), scn:settle(), show(S1),
    scn:log("-- a transient that ends normally restarts nothing, abnormally the rest"), kid:die(kid:pid(S1, u), normal), scn:settle(), show(S1), {ok, _} = supervisor:restart_child(S1, u), kid:die(kid:pid(S1, u), boom), scn:settle(), show(S1), stop(S1),
    scn:log("-- a temporary one that dies restarts nothing"), {ok, S2} = sup([kid:spec(a), kid:spec(t, #{restart => temporary}), kid:spec(c)]), kid:die(kid:pid(S2, t), boom), scn:settle(), show(S2),
    scn:log("-- a child that is added comes last; one that is stopped is started, too"),
    supervisor:start_child(S2, kid:spec(n)), supervisor:terminate_child(S2, c), show(S2), kid:die(kid:pid(S2, a), boom), scn:settle(), show(S2), kid:die(kid:pid(S2, c), boom), scn:settle(), show(S2), stop(S2),
    scn:log("-- a nested supervisor is one of the rest"),
    {ok, S3} = sup([kid:spec(a), #{id => sub, type => supervisor, start => {tsup, start_link, [{ok, {#{}, [kid:spec(x), kid:spec(y)]}}]}}, kid:spec(z)]), kid:die(kid:pid(S3, a), boom), scn:settle(), stop(S3),
    scn:log("-- the rest may take its time, and be killed"),
    {ok, S4} = sup([kid:spec(a), kid:spec(b, #{shutdown => 50}, #{slow => 5000}), kid:spec(c, #{shutdown => brutal_kill}), kid:spec(d)]), kid:die(kid:pid(S4, a), boom), scn:settle(200), show(S4), exit(S4, shutdown), receive {'EXIT', S4, _} -> ok end,
    scn:log("-- too many"), {ok, S5} = sup([kid:spec(a), kid:spec(b), kid:spec(c)]), [begin kid:die(kid:pid(S5, b), boom), scn:settle() end || _ <- [1, 2, 3]], kid:die(kid:pid(S5, b), boom), receive {'EXIT', S5, W} -> scn:log("sup ~p", [W]) end.
sup(Kids) -> tsup:start_link({ok, {#{strategy => rest_for_one, intensity => 3, period => 5}, Kids}}).
show(S) -> scn:log("children ~s", [scn:fmt([{I, P} || {I, P, _, _} <- supervisor:which_children(S)])]).
stop(S) -> exit(S, shutdown), receive {'EXIT', S, _} -> ok end.
