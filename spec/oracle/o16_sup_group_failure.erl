%% A group restart in which a child fails to start: who stays, who is stopped again, what is tried again.
-module(o16_sup_group_failure).
-export([main/0]).
main() ->
    process_flag(trap_exit, true),
    scn:with_logs(fun(#{msg := {report, #{label := {supervisor, L}, report := R}}}) when L =/= progress -> Off = proplists:get_value(offender, R), scn:log("   REPORT ~p ~s ~p ~s", [L, scn:fmt(proplists:get_value(reason, R)), proplists:get_value(id, Off), scn:fmt(proplists:get_value(pid, Off))]); (_) -> ok end),
    Fails = fun(From, To) -> fun(N) when N >= From, N =< To -> {stop, not_yet}; (_) -> ok end end,
    Run = fun(Strategy, Intensity, Victim, Label, Kids) ->
        scn:log("-- ~p, ~s", [Strategy, Label]),
        {ok, S} = tsup:start_link({ok, {#{strategy => Strategy, intensity => Intensity, period => 5}, [kid:spec(id(Label, I), Over, Opts) || {I, Over, Opts} <- Kids]}}),
        M = monitor(process, S), kid:die(kid:pid(S, id(Label, Victim)), boom), scn:settle(),
        case is_process_alive(S) of
            true -> scn:log("children ~s", [scn:fmt([{I, P} || {I, P, _, _} <- supervisor:which_children(S)])]), exit(S, shutdown), receive {'DOWN', M, _, _, W} -> scn:log("sup ~p", [W]) end;
            false -> receive {'DOWN', M, _, _, W} -> scn:log("sup gave up ~p", [W]) end
        end, scn:flush() end,
    [begin
        Run(St, 5, b, "c_fails_once", [{a, #{}, #{}}, {b, #{}, #{}}, {c, #{}, #{init => Fails(2, 2)}}, {d, #{}, #{}}]),
        Run(St, 5, b, "c_fails_twice", [{a, #{}, #{}}, {b, #{}, #{}}, {c, #{}, #{init => Fails(2, 3)}}, {d, #{}, #{}}]),
        Run(St, 5, b, "b_fails_once", [{a, #{}, #{}}, {b, #{}, #{init => Fails(2, 2)}}, {c, #{}, #{}}]),
        Run(St, 2, b, "c_never_starts", [{a, #{}, #{}}, {b, #{}, #{}}, {c, #{}, #{init => Fails(2, 99)}}, {d, #{}, #{}}]),
        Run(St, 5, a, "first_dies_last_fails", [{a, #{}, #{}}, {b, #{}, #{}}, {c, #{}, #{init => Fails(2, 2)}}]),
        Run(St, 5, c, "last_dies_and_fails", [{a, #{}, #{}}, {b, #{}, #{}}, {c, #{}, #{init => Fails(2, 2)}}]),
        Run(St, 5, b, "c_and_d_fail_in_turn", [{a, #{}, #{}}, {b, #{}, #{}}, {c, #{}, #{init => Fails(2, 2)}}, {d, #{}, #{init => Fails(2, 2)}}]),
        Run(St, 5, b, "temporary_sibling", [{a, #{}, #{}}, {b, #{}, #{}}, {t, #{restart => temporary}, #{}}, {c, #{}, #{init => Fails(2, 2)}}]),
        Run(St, 5, b, "c_ignores", [{a, #{}, #{}}, {b, #{}, #{}}, {c, #{}, #{init => fun(2) -> ignore; (_) -> ok end}}, {d, #{}, #{}}]),
        Run(St, 5, b, "transient_fails", [{a, #{}, #{}}, {b, #{restart => transient}, #{init => Fails(2, 2)}}, {c, #{restart => transient}, #{init => Fails(2, 2)}}])
     end || St <- [one_for_all, rest_for_one, one_for_one]].
id(L, I) -> list_to_atom(atom_to_list(I) ++ "_" ++ L).
