%% Runs a batch of programs, one after the other, and prints the trace of each.
%% erl -run programs main FILE, the file having a term {Module, Program} for each; Module:run(Program) is a process.
-module(programs).
-export([main/1]).

-define(GIVEN_UP, 30000).

main([File]) ->
    {ok, Programs} = file:consult(File),
    scn:quiet(),
    load(),
    [ets:new(Table, [named_table, public, set]) || Table <- [scn_names, scn_inc, scn_state]],
    [run(Module, Program) || {Module, Program} <- Programs],
    halt(0).

%% A module is loaded when it is first called, by other processes and in its own time: so all of them before.
load() ->
    Modules = lists:append([Of || App <- [kernel, stdlib], {ok, Of} <- [application:get_key(App, modules)]]),
    code:ensure_modules_loaded(Modules).

run(Module, Program) ->
    [ets:delete_all_objects(Table) || Table <- [scn_names, scn_inc, scn_state]],
    ets:insert(scn_state, {lines, 0}),
    Before = processes(),
    register(scn_coll, spawn(fun() -> collect([]) end)),
    {Pid, Ref} = spawn_monitor(fun() -> Module:run(Program) end),
    receive
        {'DOWN', Ref, process, Pid, normal} -> ok;
        {'DOWN', Ref, process, Pid, Why} -> scn:log("driver exited: ~0tp", [Why])
    after ?GIVEN_UP ->
        scn:log("given up")
    end,
    Collector = whereis(scn_coll),
    unregister(scn_coll),
    Collector ! {take, self()},
    receive {lines, Lines} -> io:put_chars(["== program\n", lists:reverse(Lines)]) end,
    remove(processes() -- Before).

%% Nothing of a program is left for the next.
remove(Processes) ->
    [begin
         Ref = monitor(process, Pid),
         exit(Pid, kill),
         receive {'DOWN', Ref, _, _, _} -> ok end
     end || Pid <- Processes].

%% What scn:log/2 writes to.
collect(Lines) ->
    receive
        {log, From, Ref, Line} -> From ! {Ref, logged}, collect([[Line, $\n] | Lines]);
        {take, From} -> From ! {lines, Lines}
    end.
