%% simple_one_for_one: arguments, children without ids, stopping all at once.
-module(o17_sup_simple).
-export([main/0, start/1, start/2, odd/1]).
%% the child's arguments: those of the template, then those of start_child
start(Id) -> start(Id, #{}).
start(Id, Opts) -> kid:start_link(Id, Opts).
odd({ret, R}) -> R; odd({crash, R}) -> error(R); odd({out, R}) -> exit(R); odd({info, Id}) -> {ok, P} = kid:start_link(Id, #{}), {ok, P, extra}.
sup(Flags, Over) -> {ok, S} = tsup:start_link({ok, {maps:merge(#{strategy => simple_one_for_one, intensity => 3, period => 5}, Flags), [maps:merge(#{id => tmpl, start => {?MODULE, start, [k]}}, Over)]}}), scn:name(sup, S), S.
main() ->
    process_flag(trap_exit, true),
    F = fun(L, X) -> scn:log("~s -> ~s", [L, scn:fmt(X)]) end,
    W = fun(S) -> lists:sort([scn:who(P) || {_, P, _, _} <- supervisor:which_children(S)]) end,
    scn:log("-- starting"),
    S = sup(#{}, #{}), F("none yet", supervisor:which_children(S)), {ok, K1} = R1 = supervisor:start_child(S, []), F("first", R1), {ok, K2} = R2 = supervisor:start_child(S, [#{}]), F("second", R2),
    F("which_children", lists:sort([{I, P, Ty} || {I, P, Ty, _} <- supervisor:which_children(S)])), F("count", lists:sort(supervisor:count_children(S))),
    F("init ignores", supervisor:start_child(S, [#{init => fun(_) -> ignore end}])), F("init stops", supervisor:start_child(S, [#{init => fun(_) -> {stop, why} end}])), F("init crashes", supervisor:start_child(S, [#{init => fun(_) -> {crash, why} end}])), F("children", W(S)),
    scn:log("-- by pid"),
    F("terminate by id", supervisor:terminate_child(S, tmpl)), F("restart_child", supervisor:restart_child(S, tmpl)), F("delete_child", supervisor:delete_child(S, tmpl)), F("restart by pid", supervisor:restart_child(S, K1)), F("delete by pid", supervisor:delete_child(S, K1)),
    F("childspec by id", case supervisor:get_childspec(S, tmpl) of {ok, Sp} -> maps:get(id, Sp); E -> E end), F("childspec by pid", case supervisor:get_childspec(S, K1) of {ok, Sp2} -> maps:get(id, Sp2); E2 -> E2 end), F("childspec of a stranger", supervisor:get_childspec(S, self())),
    F("terminate", supervisor:terminate_child(S, K1)), F("again", supervisor:terminate_child(S, K1)), F("a stranger", supervisor:terminate_child(S, self())), F("a dead stranger", supervisor:terminate_child(S, scn:dead())), F("children", W(S)),
    scn:log("-- restart"),
    kid:die(K2, boom), scn:settle(), F("children", W(S)), [{_, K3, _, _}] = supervisor:which_children(S), kid:die(K3, normal), scn:settle(), F("permanent, normal", W(S)),
    stop(S),
    scn:log("-- transient and temporary"),
    [begin Sx = sup(#{}, #{restart => Rt}), {ok, Kx} = supervisor:start_child(Sx, []), kid:die(Kx, Why), scn:settle(), F(lists:concat([Rt, " ", Why]), length(supervisor:which_children(Sx))), stop(Sx) end || Rt <- [transient, temporary], Why <- [normal, boom]],
    scn:log("-- too many restarts"),
    S2 = sup(#{intensity => 1}, #{}), {ok, _} = supervisor:start_child(S2, []), {ok, A} = supervisor:start_child(S2, []), kid:die(A, boom), scn:settle(), [B | _] = lists:sort([P || {_, P, _, _} <- supervisor:which_children(S2)]), kid:die(B, boom), receive {'EXIT', S2, X2} -> F("sup exit", X2) end,
    scn:log("-- a restart that fails, then succeeds"),
    S3 = sup(#{}, #{}), {ok, C} = supervisor:start_child(S3, [#{init => fun(N) -> case {get_n(), N} of {first, _} -> put_n(second), ok; {second, _} -> put_n(third), {stop, not_yet}; _ -> ok end end}]), kid:die(C, boom), scn:settle(), F("children", length(supervisor:which_children(S3))), stop(S3),
    scn:log("-- other results of the start function"),
    S5 = sup(#{}, #{start => {?MODULE, odd, []}}),
    [F(scn:fmt(Z), case supervisor:start_child(S5, [Z]) of {error, {'EXIT', {Y, [_|_]}}} -> {error, {'EXIT', Y}}; Y -> Y end) || Z <- [{ret, ignore}, {ret, {error, why}}, {ret, nonsense}, {ret, {ok, 7}}, {ret, {ok, 7, x}}, {crash, oops}, {out, bye}, {info, inf}]],
    F("children", length(supervisor:which_children(S5))), stop(S5),
    scn:log("-- all are stopped at once"),
    S6 = sup(#{}, #{shutdown => 2000}), [supervisor:start_child(S6, [#{quiet => true, slow => 300}]) || _ <- lists:seq(1, 5)], T0 = erlang:monotonic_time(millisecond), stop(S6), F("in parallel", erlang:monotonic_time(millisecond) - T0 < 900),
    scn:log("-- and killed after the same time"),
    Logs = fun(#{msg := {report, #{label := {supervisor, L}, report := R}}}) when L =/= progress -> scn:log("   REPORT ~p ~s nb=~p pid=~p", [L, scn:fmt(proplists:get_value(reason, R)), proplists:get_value(nb_children, proplists:get_value(offender, R)), proplists:get_value(pid, proplists:get_value(offender, R))]); (_) -> ok end, scn:with_logs(Logs),
    S7 = sup(#{}, #{shutdown => 200}), [supervisor:start_child(S7, [#{quiet => true, slow => 60000}]) || _ <- lists:seq(1, 3)], {ok, _} = supervisor:start_child(S7, [#{quiet => true}]), stop(S7),
    scn:log("-- brutal_kill, and children that end in their own way"),
    S8 = sup(#{}, #{shutdown => brutal_kill}), [supervisor:start_child(S8, []) || _ <- [1, 2]], stop(S8),
    S9 = sup(#{}, #{}), [supervisor:start_child(S9, [#{quiet => true, term => fun(_) -> exit(own) end}]) || _ <- [1, 2]], stop(S9), S11 = sup(#{}, #{}), supervisor:start_child(S11, [#{quiet => true, term => fun(_) -> exit(normal) end}]), stop(S11),
    S10 = sup(#{}, #{restart => temporary}), supervisor:start_child(S10, [#{quiet => true, term => fun(_) -> exit(normal) end}]), stop(S10).
get_n() -> case ets:lookup(scn_state, n) of [{_, N}] -> N; [] -> first end.
put_n(N) -> ets:insert(scn_state, {n, N}).
stop(S) -> exit(S, shutdown), receive {'EXIT', S, W} -> scn:log("   sup ~s", [scn:fmt(W)]) end.
