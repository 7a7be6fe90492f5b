%% What a supervisor's init may be wrong about, and the terms that say so.
-module(o18_sup_init_errors).
-export([main/0]).
main() ->
    process_flag(trap_exit, true),
    T = fun(L, Init) -> scn:log("~s -> ~s", [L, case tsup:start_link(Init) of {ok, P} -> exit(P, shutdown), receive {'EXIT', P, W} -> "ok, " ++ scn:fmt(W) end; X -> receive {'EXIT', _, _} -> ok after 50 -> ok end, scn:fmt(X) end]) end,
    K = fun(Over) -> maps:merge(#{id => k, start => {kid, start_link, [k, #{quiet => true}]}}, Over) end,
    scn:log("-- no specification"),
    T("ignore", ignore), T("an atom", foo), T("a tuple", {foo, why}), T("children that are none", {ok, {#{}, foo}}),
    T("error", fun() -> error(oops) end), T("exit", fun() -> exit(bye) end), T("exit normal", fun() -> exit(normal) end), T("throw", fun() -> throw(ball) end),
    scn:log("-- flags"),
    [T(scn:fmt(F), {ok, {F, []}}) || F <- [#{}, #{strategy => nope}, #{intensity => -1}, #{intensity => x}, #{intensity => 1.5}, #{period => 0}, #{period => -1}, #{period => x}, #{auto_shutdown => x}, #{intensity => 0}, #{strategy => nope, intensity => -1}, #{intensity => -1, period => 0}]],
    scn:log("-- children"),
    [T(L, {ok, {#{}, [K(O)]}}) || {L, O} <- [{"restart", #{restart => sometimes}}, {"shutdown -1", #{shutdown => -1}}, {"shutdown atom", #{shutdown => soon}}, {"shutdown float", #{shutdown => 1.5}},
        {"shutdown infinity for a worker", #{shutdown => infinity}}, {"shutdown 0", #{shutdown => 0}}, {"brutal_kill", #{shutdown => brutal_kill}}, {"type", #{type => x}}, {"modules", #{modules => x}}, {"modules dynamic", #{modules => dynamic}}, {"start", #{start => x}},
        {"significant", #{significant => maybe_so}}, {"significant without auto_shutdown", #{significant => true, restart => transient}}, {"unknown key", #{foo => bar}}, {"two errors", #{restart => sometimes, shutdown => -1}}, {"restart and type", #{restart => sometimes, type => x}}, {"type and shutdown", #{type => x, shutdown => -1}}, {"significant and restart", #{significant => x, restart => sometimes}}]],
    T("significant and permanent", {ok, {#{auto_shutdown => any_significant}, [K(#{significant => true})]}}),
    T("no id", {ok, {#{}, [maps:remove(id, K(#{}))]}}), T("no start", {ok, {#{}, [maps:remove(start, K(#{}))]}}), T("neither", {ok, {#{}, [#{}]}}), T("a child that is an atom", {ok, {#{}, [nope]}}),
    T("the same id twice", {ok, {#{}, [K(#{}), K(#{id => other}), K(#{})]}}), T("the second is wrong", {ok, {#{}, [K(#{}), K(#{id => b, restart => sometimes})]}}), T("twice, and the last is wrong", {ok, {#{}, [K(#{}), K(#{}), K(#{id => b, type => x})]}}),
    scn:log("-- simple_one_for_one"),
    S = #{strategy => simple_one_for_one}, T("none", {ok, {S, []}}), T("one that is wrong", {ok, {S, [K(#{restart => sometimes})]}}), T("one", {ok, {S, [K(#{})]}}),
    scn:log("-- exit reason, name and report"),
    Dup = {ok, {#{}, [K(#{}), K(#{})]}},
    scn:with_logs(fun(#{msg := {report, #{label := {supervisor, L}}}}) -> scn:log("   supervisor report ~p", [L]); (#{msg := {report, #{label := {proc_lib, crash}, report := [R, _]}}}) -> {_, Rs, _} = proplists:get_value(error_info, R), scn:log("   crash report ~s", [scn:fmt(Rs)]); (#{msg := {report, #{label := {gen_server, terminate}}}}) -> scn:log("   gen_server report"); (_) -> ok end),
    Named = tsup:start_link({local, the_sup}, Dup), scn:settle(), scn:log("named ~s", [scn:fmt(Named)]), scn:log("name ~p", [whereis(the_sup)]), scn:flush(),
    [begin {P, M} = spawn_monitor(fun() -> tsup:start_link(Init), timer:sleep(200), exit(survived) end), receive {'DOWN', M, _, P, W} -> scn:settle(), scn:log("a parent that does not trap exits: ~s", [scn:fmt(W)]) end end || Init <- [Dup, foo, ignore, fun() -> exit(bye) end, fun() -> exit(normal) end]], scn:mailbox().
