%% The BEAM on the same works: one function each, one line of JSON at the end.
%% Arguments, the same for every contender: WORK BATCH WARM-UP-MS MEASURED-MS.
-module(beam).
-behaviour(gen_server).
-export([main/1]).
-export([init/1, handle_call/3, handle_cast/2]).

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

measure_rate(Batch, {WarmUp, Measured}) ->
    repeat(Batch, WarmUp),
    {Count, Nanoseconds} = repeat(Batch, Measured),
    io:format("{\"count\":~b,\"seconds\":~.9f}~n", [Count, Nanoseconds / 1.0e9]).

repeat(Batch, Milliseconds) ->
    repeat(Batch, Milliseconds * 1000000, erlang:monotonic_time(nanosecond), 0).

repeat(Batch, Nanoseconds, Started, Count) ->
    Total = Count + Batch(),
    case erlang:monotonic_time(nanosecond) - Started of
        Elapsed when Elapsed >= Nanoseconds -> {Total, Elapsed};
        _TooFew -> repeat(Batch, Nanoseconds, Started, Total)
    end.

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
