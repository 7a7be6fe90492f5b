%% Puppets are processes that do what they are told, one step at a time: ../puppets.ts is the same. A program is
%% {HowMany, [{Actor, Command}]}; in commands {pid, I} and {ref, I} stand for the puppets and refs there are by then.
-module(puppets).
-export([run/1]).

%% How often one that has ended is waited for.
-define(ROUNDS, 1000).
%% What nobody has said anything to.
-define(AT_FIRST, "links, monitors, watched by, name [], traps false").

-record(s, {
    pids = [],      % all puppets, in order
    refs = [],      % all refs that a command returned, in order
    alive = [],     % the puppets not known to have ended
    ended = [],     % {Pid, Reason} of those that ended in this step
    boxes = #{},    % the messages of each as last seen
    states = #{}    % what was last written about each
}).

run({Count, Steps}) ->
    S = lists:foldl(fun(_, S) -> add(spawn(fun puppet/0), S) end, #s{}, lists:seq(1, Count)),
    Numbered = lists:zip(lists:seq(1, length(Steps)), Steps),
    lists:foldl(fun({N, {Actor, Command}}, S1) -> step(N, at(Actor, S1#s.pids), Command, S1) end, S, Numbered),
    ok.

at(I, List) -> lists:nth(1 + I rem length(List), List).

add(Pid, S = #s{pids = Pids}) ->
    scn:name(list_to_atom("p" ++ integer_to_list(length(Pids) + 1)), Pid),
    monitor(process, Pid),
    S#s{pids = Pids ++ [Pid], alive = S#s.alive ++ [Pid]}.

step(N, Actor, Command, S) ->
    case lists:member(Actor, S#s.alive) andalso can(Command, S) of
        true ->
            Result = tell(Actor, N, resolve(Command, S)),
            is_soon(Command) andalso timer:sleep(5),
            {Infos, S0} = settle(adopt_pids(Result, S#s{ended = []})),
            Told = case lists:member(Actor, S0#s.alive) of true -> Result; false -> ends end,
            S1 = lists:foldl(fun adopt_ref/2, S0, [R || R <- parts(Told), is_reference(R)]),
            scn:log("~b ~s ~s -> ~s", [N, scn:fmt(Actor), scn:fmt(Command), scn:fmt(Told)]),
            [scn:log("  ~s ends ~s", [scn:fmt(Pid), scn:fmt(Why)]) || {Pid, Why} <- S1#s.ended],
            lists:foldl(fun({Pid, Info}, S2) -> changes(Pid, Info, S2) end, S1, Infos);
        false ->
            S
    end.

%% A command about a ref waits for the first one.
can(Command, #s{refs = Refs}) -> Refs =/= [] orelse not mentions(ref, Command).

mentions(What, {What, I}) when is_integer(I) -> true;
mentions(What, T) when is_tuple(T) -> mentions(What, tuple_to_list(T));
mentions(What, L) when is_list(L) -> lists:any(fun(E) -> mentions(What, E) end, L);
mentions(_, _) -> false.

resolve({pid, I}, S) when is_integer(I) -> at(I, S#s.pids);
resolve({ref, I}, S) when is_integer(I) -> at(I, S#s.refs);
resolve({name, Name}, _) -> Name;
resolve(T, S) when is_tuple(T) -> list_to_tuple(resolve(tuple_to_list(T), S));
resolve(L, S) when is_list(L) -> [resolve(E, S) || E <- L];
resolve(T, _) -> T.

is_soon({timer, _, Time, _}) -> Time < 1000;
is_soon(_) -> false.

%% A new puppet is known by its pid being seen anywhere; a ref, by a command returning it.
adopt_ref(Ref, S = #s{refs = Refs}) ->
    case lists:member(Ref, Refs) of
        true -> S;
        false ->
            scn:name(list_to_atom("r" ++ integer_to_list(length(Refs) + 1)), Ref),
            S#s{refs = Refs ++ [Ref]}
    end.

adopt_pids(Term, S) ->
    Unknown = lists:usort([P || P <- parts(Term), is_pid(P)]) -- [self() | S#s.pids],
    lists:foldl(fun add/2, S, Unknown).

parts(T) when is_tuple(T) -> parts(tuple_to_list(T));
parts([H | T]) -> parts(H) ++ parts(T);
parts(T) -> [T].

tell(Pid, N, Command) ->
    Pid ! {do, self(), N, Command},
    receive
        {done, Pid, Result} -> Result;
        {'DOWN', _, process, Pid, _} = Down -> self() ! Down, ends
    end.

%% Asks all puppets until none has ended in a round, no new one was seen, and none is bound to one that has ended:
%% such a one answers what had been sent to it last of all, in its own time.
settle(S) -> settle(S, ?ROUNDS).

settle(S = #s{alive = Alive, pids = Pids}, Rounds) ->
    [Pid ! {look, self()} || Pid <- Alive],
    {Infos, S1} = lists:foldl(fun hear/2, {[], S}, Alive),
    case adopt_pids(Infos, S1) of
        #s{alive = Alive, pids = Pids} = S2 ->
            case Rounds > 0 andalso lists:any(fun(Info) -> is_bound_to_dead(Info, S2) end, Infos) of
                true -> erlang:yield(), settle(S2, Rounds - 1);
                false -> {lists:reverse(Infos), S2}
            end;
        S2 -> settle(S2, Rounds)
    end.

is_bound_to_dead({_, Info}, #s{pids = Pids, alive = Alive}) ->
    {_, Links} = lists:keyfind(links, 1, Info),
    {_, Monitors} = lists:keyfind(monitors, 1, Info),
    lists:any(fun(Pid) -> lists:member(Pid, Pids -- Alive) end, Links ++ [Pid || {process, Pid} <- Monitors]).

hear(Pid, {Infos, S = #s{alive = Alive, ended = Ended}}) ->
    receive
        {seen, Pid, Info} -> {[{Pid, Info} | Infos], S};
        {'DOWN', _, process, Pid, Why} ->
            {Infos, S#s{alive = lists:delete(Pid, Alive), ended = Ended ++ [{Pid, Why}]}}
    end.

%% Writes what is new about a puppet.
changes(Pid, Info, S = #s{boxes = Boxes, states = States}) ->
    {messages, Box} = lists:keyfind(messages, 1, Info),
    {Gone, New} = difference(maps:get(Pid, Boxes, []), Box),
    [scn:log("  ~s no longer has ~s", [scn:fmt(Pid), scn:fmt(M)]) || M <- Gone],
    [write(Pid, M, S) || M <- New],
    State = state(Info),
    State =/= maps:get(Pid, States, ?AT_FIRST) andalso scn:log("  ~s is ~s", [scn:fmt(Pid), State]),
    S#s{boxes = Boxes#{Pid => Box}, states = States#{Pid => State}}.

%% What was taken from a mailbox, and what has come.
difference(Old, []) -> {Old, []};
difference([], New) -> {[], New};
difference([M | Old], [M | New]) -> difference(Old, New);
difference([M | Old], New) -> {Gone, Come} = difference(Old, New), {[M | Gone], Come}.

%% `!` marks what is told of an end, `:` all else.
write(Pid, Message, S) ->
    {Sender, Kind} = origin(Message),
    IsEnd = Kind =:= notice andalso not lists:member(Sender, S#s.alive),
    Mark = case IsEnd of true -> "!"; false -> ":" end,
    scn:log("  ~s < ~s ~s ~s", [scn:fmt(Pid), scn:fmt(Sender), Mark, scn:fmt(Message)]).

origin({m, Sender, _}) -> {Sender, message};
origin({'EXIT', Sender, _}) -> {Sender, notice};
origin({_, _, ok, Pid}) -> {Pid, message};
origin({timeout, _, _}) -> {timer, message};
origin({_, _, process, Object, _}) -> {Object, notice}.

state(Info) ->
    Driver = self(),
    Sorted = fun(Terms) -> lists:sort([scn:fmt(T) || T <- Terms, T =/= Driver]) end,
    {_, Links} = lists:keyfind(links, 1, Info),
    {_, Monitors} = lists:keyfind(monitors, 1, Info),
    {_, MonitoredBy} = lists:keyfind(monitored_by, 1, Info),
    {_, Name} = lists:keyfind(registered_name, 1, Info),
    {_, Trap} = lists:keyfind(trap_exit, 1, Info),
    Parts = [["links" | Sorted(Links)], ["monitors" | Sorted(Monitors)], ["watched by" | Sorted(MonitoredBy)],
        ["name " ++ scn:fmt(Name)], ["traps " ++ scn:fmt(Trap)]],
    lists:flatten(lists:join(", ", [lists:join(" ", Part) || Part <- Parts])).

%% The puppet itself

puppet() ->
    receive
        {do, _, _, {leave, Class, Reason}} -> leave(Class, Reason);
        {do, Driver, N, {burst, Commands}} ->
            process_flag(trap_exit, true),
            Driver ! {done, self(), [act(C, {N, I}) || {I, C} <- lists:zip(lists:seq(1, length(Commands)), Commands)]},
            puppet();
        {do, Driver, N, Command} -> Driver ! {done, self(), act(Command, N)}, puppet();
        {look, Driver} ->
            Items = [messages, links, monitors, monitored_by, registered_name, trap_exit],
            Driver ! {seen, self(), process_info(self(), Items)},
            puppet()
    end.

leave(exit, Reason) -> exit(Reason);
leave(error, Reason) -> error(Reason);
leave(throw, Reason) -> throw(Reason).

act(Command, N) -> try {returned, command(Command, N)} catch Class:Reason -> {raised, Class, Reason} end.

command({link, Pid}, _) -> link(Pid);
command({unlink, Pid}, _) -> unlink(Pid);
command({monitor, To, Options}, _) -> monitor(process, To, Options);
command({demonitor, Ref, Options}, _) -> demonitor(Ref, [info | Options]);
command({exit, Pid, Reason}, _) -> exit(Pid, Reason);
command({trap_exit, Flag}, _) -> process_flag(trap_exit, Flag);
command({register, Name, Pid}, _) -> register(Name, Pid);
command({unregister, Name}, _) -> unregister(Name);
command({whereis, Name}, _) -> whereis(Name);
command({send, To}, N) -> To ! {m, self(), N};
command({alias, Options}, _) -> alias(Options);
command({unalias, Ref}, _) -> unalias(Ref);
command({timer, send_after, Time, To}, N) -> erlang:send_after(Time, To, {m, self(), N});
command({timer, start_timer, Time, To}, N) -> erlang:start_timer(Time, To, {m, self(), N});
command({cancel_timer, Ref}, _) -> running(erlang:cancel_timer(Ref));
command({read_timer, Ref}, _) -> running(erlang:read_timer(Ref));
command({spawn, Options, Then}, _) -> spawn_opt(body(Then), Options);
command({spawn_request, Options, Then}, _) -> erlang:spawn_request(body(Then), Options);
command({alive, Pid}, _) -> is_process_alive(Pid);
command({'receive', message}, _) -> receive {m, _, _} = M -> M after 0 -> timeout end;
command({'receive', {from, Pid}}, _) -> receive {m, Pid, _} = M -> M after 0 -> timeout end;
command({'receive', {exit, Pid}}, _) -> receive {'EXIT', Pid, _} = M -> M after 0 -> timeout end;
command({'receive', {down, Ref}}, _) -> receive {_, Ref, process, _, _} = M -> M after 0 -> timeout end.

running(Time) when is_integer(Time) -> running;
running(Other) -> Other.

body(stay) -> fun puppet/0;
body({leave, Class, Reason}) -> fun() -> leave(Class, Reason) end.
