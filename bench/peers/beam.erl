%% The BEAM on the same works: one function each, one line of JSON at the end.
%% Arguments, the same for every contender: WORK BATCH WARM-UP-MS MEASURED-MS.
-module(beam).
-behaviour(gen_server).
-export([main/1]).
-export([init/1, handle_call/3, handle_cast/2]).
-export([callback_mode/0, off/3, on/3]).

main([Work, Size, WarmUp, Measured]) ->
    work(Work, list_to_integer(Size), {list_to_integer(WarmUp), list_to_integer(Measured)}),
    halt().

work("ping-pong", Size, Times) ->
    measure_rate(fun() -> ping(Size, spawn(fun pong/0)), Size end, Times);

work("cast", Size, Times) ->
    Batch = fun() ->
        {ok, Server} = gen_server:start(?MODULE, {1, Size, self()}, []),
        increment(Size, Server),
        receive {counted, Count} -> Count end
    end,
    measure_rate(Batch, Times);

work("call", Size, Times) ->
    {ok, Server} = gen_server:start(?MODULE, 0, []),
    measure_rate(fun() -> call(Size, Server), Size end, Times);

work("start-stop", Size, Times) ->
    measure_rate(fun() -> start_stop(Size), Size end, Times);

work("idle-memory", Size, _Times) ->
    {Before, ResidentBefore} = settled(),
    Alive = start_servers(Size, []),
    {After, ResidentAfter} = settled(),
    io:format("{\"count\":~b,\"bytes\":~.1f,\"resident\":~.1f}~n",
              [length(Alive), (After - Before) / Size, (ResidentAfter - ResidentBefore) / Size]);

work("fan-out", Size, Times) ->
    Counter = counters:new(1, []),
    Processes = [spawn(fun() -> count_messages(Counter) end) || _ <- lists:seq(1, 100000)],
    Batch = fun() ->
        Before = counters:get(Counter, 1),
        [send_all(Processes, {wave, Wave}) || Wave <- lists:seq(1, Size div 100000)],
        await_count(Counter, Before + Size),
        Size
    end,
    measure_rate(Batch, Times);

work("timers", Size, Times) ->
    Receiver = spawn(fun() -> receive never -> ok end end),
    [erlang:send_after(3600000 + N, Receiver, never) || N <- lists:seq(1, 1000000)],
    Batch = fun() ->
        Timers = [erlang:send_after(3600000 + N * 7919 rem 3600000, Receiver, never) || N <- lists:seq(1, Size div 2)],
        length(Timers) + length([Left || Timer <- Timers, Left <- [erlang:cancel_timer(Timer)], Left =/= false])
    end,
    measure_rate(Batch, Times);

work("resident-process", Size, _Times) ->
    measure_slope(fun() -> spawn(fun() -> receive never -> ok end end) end, Size);

work("resident-server", Size, _Times) ->
    measure_slope(fun() -> {ok, Server} = gen_server:start(?MODULE, 0, []), Server end, Size);

work("supervisor", Size, Times) ->
    process_flag(trap_exit, true),
    Batch = fun() ->
        Children = [#{id => N, start => {gen_server, start_link, [?MODULE, 0, []]}} || N <- lists:seq(1, 10000)],
        Supervisors = [start_supervisor(Children) || _ <- lists:seq(1, Size div 10000)],
        put(supervisors, Supervisors),
        length(Supervisors) * 10000
    end,
    Tidy = fun() -> [kill(Supervisor) || Supervisor <- get(supervisors)] end,
    measure_rate(Batch, Tidy, Times);

work("statem", Size, Times) ->
    Batch = fun() ->
        {ok, Machine} = gen_statem:start(?MODULE, {statem, Size, self()}, []),
        flip(Size, Machine),
        receive {counted, Count} -> Count end
    end,
    measure_rate(Batch, Times).

%% ping-pong

ping(0, Pong) -> Pong ! stop;
ping(N, Pong) ->
    Pong ! {self(), ping},
    receive pong -> ping(N - 1, Pong) end.

pong() ->
    receive
        {From, ping} -> From ! pong, pong();
        stop -> ok
    end.

%% the gen_server of casts, calls, starts and memory

init({statem, Size, Waiting}) -> {ok, off, {0, Size, Waiting}};
init({supervisor, Children}) -> {ok, {#{}, Children}};
init(State) -> {ok, State}.

handle_call(increment, _From, Count) -> {reply, Count + 1, Count + 1}.

handle_cast(increment, {Size, Size, Waiting}) -> Waiting ! {counted, Size}, {stop, normal, done};
handle_cast(increment, {Count, Size, Waiting}) -> {noreply, {Count + 1, Size, Waiting}}.

increment(0, _Server) -> ok;
increment(N, Server) -> gen_server:cast(Server, increment), increment(N - 1, Server).

call(0, _Server) -> ok;
call(N, Server) -> gen_server:call(Server, increment), call(N - 1, Server).

start_stop(0) -> ok;
start_stop(N) ->
    {ok, Server} = gen_server:start(?MODULE, 0, []),
    ok = gen_server:stop(Server),
    start_stop(N - 1).

start_servers(0, Servers) -> Servers;
start_servers(N, Servers) ->
    {ok, Server} = gen_server:start(?MODULE, 0, []),
    start_servers(N - 1, [Server | Servers]).

%% the state machine

callback_mode() -> state_functions.

off(cast, flip, Data) -> flipped(on, Data).

on(cast, flip, Data) -> flipped(off, Data).

flipped(_State, {Count, Size, Waiting}) when Count + 1 =:= Size -> Waiting ! {counted, Size}, stop;
flipped(State, {Count, Size, Waiting}) -> {next_state, State, {Count + 1, Size, Waiting}}.

flip(0, _Machine) -> ok;
flip(N, Machine) -> gen_statem:cast(Machine, flip), flip(N - 1, Machine).

%% the supervisor

start_supervisor(Children) ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, {supervisor, Children}),
    Supervisor.

kill(Supervisor) ->
    exit(Supervisor, kill),
    receive {'EXIT', Supervisor, killed} -> ok end.

%% fan-out

count_messages(Counter) ->
    receive {wave, _} -> counters:add(Counter, 1, 1), count_messages(Counter) end.

send_all([], _Message) -> ok;
send_all([Process | Rest], Message) -> Process ! Message, send_all(Rest, Message).

await_count(Counter, Count) ->
    case counters:get(Counter, 1) of
        Count -> ok;
        _Fewer -> erlang:yield(), await_count(Counter, Count)
    end.

%% measuring

measure_rate(Batch, Times) -> measure_rate(Batch, fun() -> ok end, Times).

%% Tidy runs after each batch and is not counted.
measure_rate(Batch, Tidy, {WarmUp, Measured}) ->
    repeat(Batch, Tidy, WarmUp * 1000000, 0, 0),
    {Count, Nanoseconds} = repeat(Batch, Tidy, Measured * 1000000, 0, 0),
    io:format("{\"count\":~b,\"seconds\":~.9f}~n", [Count, Nanoseconds / 1.0e9]).

repeat(Batch, Tidy, Nanoseconds, Count, Elapsed) ->
    Started = erlang:monotonic_time(nanosecond),
    Total = Count + Batch(),
    case Elapsed + erlang:monotonic_time(nanosecond) - Started of
        Enough when Enough >= Nanoseconds -> {Total, Enough};
        TooFew -> Tidy(), repeat(Batch, Tidy, Nanoseconds, Total, TooFew)
    end.

%% Resident bytes of one thing: the slope from a tenth of them to all.
measure_slope(Make, Size) ->
    Few = [Make() || _ <- lists:seq(1, Size div 10)],
    {_, Before} = settled(),
    More = [Make() || _ <- lists:seq(1, Size - Size div 10)],
    {_, After} = settled(),
    io:format("{\"count\":~b,\"bytes\":~.1f}~n", [length(Few) + length(More), (After - Before) / length(More)]).

settled() ->
    timer:sleep(100),
    erlang:garbage_collect(),
    {erlang:memory(total), resident()}.

%% Bytes of RSS, from the second field of /proc/self/statm; 0 where there is no /proc.
resident() ->
    case file:read_file("/proc/self/statm") of
        {ok, Line} -> binary_to_integer(lists:nth(2, binary:split(Line, <<" ">>, [global]))) * 4096;
        {error, _} -> 0
    end.
