%% format_status/1: what sys:get_status and the reports show; sys:get_state goes past it.
-module(o14_gs_format_status).
-behaviour(gen_server).
-export([main/0, init/1, handle_call/3, handle_cast/2, terminate/2, format_status/1]).
init(F) -> scn:name(s, self()), put(format, F), {ok, secret}.
handle_call(get, _, S) -> {reply, S, S};
handle_call({stop, R}, _, S) -> {stop, R, bye, S}.
handle_cast({crash, _}, _) -> error(password); handle_cast({leave, R}, S) -> {stop, R, S}; handle_cast({bad, _}, _) -> nonsense.
terminate(R, S) -> scn:log("terminate ~s ~s", [scn:fmt(R), scn:fmt(S)]).
format_status(Status) -> (get(format))(Status).
main() ->
    Hide = fun(St) -> maps:map(fun(state, S) -> {hidden, S}; (message, M) -> {masked, M}; (reason, R) when R =/= password -> {why, R}; (log, L) -> [{logged, length(L)}]; (reason, R) -> R end, St) end,
    Start = fun(F) -> {ok, P} = gen_server:start(?MODULE, F, []), P end,
    Misc = fun(P) -> {status, _, {module, M}, [_, Sys, _, Dbg, [{header, _}, {data, D1} | Rest]]} = sys:get_status(P), scn:log("~p ~p ~s ~s", [M, Sys, scn:fmt([element(1, D) || D <- Dbg]), scn:fmt([E || {data, Es} <- Rest, E <- Es])]), scn:log("keys ~s", [scn:fmt([K || {K, _} <- D1])]), scn:log("logged ~s", [scn:fmt(proplists:get_value("Logged events", D1))]) end,
    scn:log("-- status"),
    P = Start(Hide), Misc(P), scn:log("get_state ~p", [sys:get_state(P)]), scn:log("replace_state ~p", [sys:replace_state(P, fun(S) -> {S, 2} end)]), Misc(P), scn:log("call ~s", [scn:fmt(gen_server:call(P, get))]),
    sys:log(P, true), gen_server:call(P, get), Misc(P), sys:suspend(P), Misc(P), sys:resume(P), gen_server:stop(P),
    scn:log("-- what it is given"),
    Keys = fun(St) -> scn:log("   given ~s", [scn:fmt(St)]), St end, Q = Start(Keys), Misc(Q), gen_server:stop(Q),
    scn:log("-- reports"),
    scn:with_logs(fun(#{msg := {report, #{label := {gen_server, terminate}, last_message := LM, state := S, reason := R, log := Lg}}}) -> scn:log("   REPORT message ~s state ~s reason ~s log ~s", [scn:fmt(LM), scn:fmt(S), scn:fmt(R), scn:fmt(Lg)]); (#{msg := {report, #{label := {proc_lib, crash}, report := [I, _]}}}) -> scn:log("   CRASH ~s", [scn:fmt(element(1, proplists:get_value(error_info, I)))]); (_) -> ok end),
    Run = fun(L, F, Req) -> scn:log("~s", [L]), X = Start(F), M = monitor(process, X), gen_server:cast(X, Req), receive {'DOWN', M, _, _, W} -> scn:settle(), scn:log("   down ~s", [scn:fmt(W)]) end end,
    Run("error", Hide, {crash, pin}), Run("stop", Hide, {leave, boom}), Run("bad return", Hide, {bad, pin}), Run("orderly", Hide, {leave, normal}), Run("shown as given", Keys, {leave, boom}),
    scn:log("-- with a log"), L1 = Start(Hide), sys:log(L1, true), gen_server:call(L1, get), ML = monitor(process, L1), gen_server:cast(L1, {leave, boom}), receive {'DOWN', ML, _, _, _} -> scn:settle() end,
    scn:log("-- only some keys come back"), Run("no state", fun(St) -> maps:with([reason, message], St) end, {leave, boom}), P3 = Start(fun(St) -> St#{state => shown, extra => x} end), Misc(P3), gen_server:stop(P3),
    scn:log("-- format_status fails"), Run("error", fun(_) -> error(in_format) end, {leave, boom}), P4 = Start(fun(_) -> error(in_format) end), Misc(P4), gen_server:stop(P4),
    P5 = Start(fun(_) -> throw(in_format) end), Misc(P5), gen_server:stop(P5), P6 = Start(fun(_) -> no_map end), scn:log("~s", [scn:catching(fun() -> Misc(P6) end)]), scn:settle(), scn:log("alive ~p", [is_process_alive(P6)]).
