%% Chains, rings and stars of links that end while messages flow.
-module(o04_links_under_load).
-export([main/0]).

main() ->
    process_flag(trap_exit, true),
    leaves_end(20, 100),
    hub_ends(20, 100),
    chain(100, killed_in_the_middle),
    chain(100, boom_at_the_end),
    chain_with_trap(60, 25),
    ring(50),
    kill_as_a_reason(10),
    normal_ends(30),
    unlinked(20),
    two_hubs(15),
    deep_and_wide(3, 4).

%% Each leaf sends its numbers to the hub, then ends: the hub has all of them before the exit.
leaves_end(N, K) ->
    scn:log("-- ~p leaves send ~p each and end", [N, K]),
    Hub = self(),
    Leaves = [{I, spawn_link(fun() -> [Hub ! {n, self(), J} || J <- lists:seq(1, K)], exit({leaf, I}) end)} || I <- lists:seq(1, N)],
    Seen = collect(maps:from_list([{P, []} || {_, P} <- Leaves]), N, #{}),
    [scn:log("leaf ~p: ~s, then ~s", [I, numbers(element(1, maps:get(P, Seen)), K), scn:fmt(element(2, maps:get(P, Seen)))]) || {I, P} <- Leaves].

collect(_, 0, Ended) -> Ended;
collect(Open, N, Ended) ->
    receive
        {n, P, J} -> collect(Open#{P := [J | maps:get(P, Open)]}, N, Ended);
        {'EXIT', P, W} when is_map_key(P, Open) -> collect(maps:remove(P, Open), N - 1, Ended#{P => {lists:reverse(maps:get(P, Open)), W}})
    end.

numbers(L, K) -> case lists:seq(1, K) of L -> io_lib:format("1..~p in order", [K]); _ -> scn:fmt(L) end.

%% The hub sends to each leaf, then ends; leaves that trap exits have all before they hear of it.
hub_ends(N, K) ->
    scn:log("-- a hub sends ~p to each of ~p and ends", [K, N]),
    Me = self(),
    Hub = spawn(fun() -> receive {leaves, Ls} -> [L ! {n, J} || J <- lists:seq(1, K), L <- Ls], exit(hub_down) end end),
    Leaf = fun(I) -> process_flag(trap_exit, true), link(Hub), Me ! {ready, I}, Me ! {leaf, I, leaf([])} end,
    Leaves = [spawn(fun() -> Leaf(I) end) || I <- lists:seq(1, N)],
    [receive {ready, I} -> ok end || I <- lists:seq(1, N)],
    Hub ! {leaves, Leaves},
    All = [receive {leaf, I, {L, W}} -> {numbers(L, K), scn:fmt(W)} end || I <- lists:seq(1, N)],
    scn:log("all alike ~p: ~s, then ~s", [length(lists:usort(All)) =:= 1, element(1, hd(All)), element(2, hd(All))]).

leaf(Seen) -> receive {n, J} -> leaf([J | Seen]); {'EXIT', _, W} -> {lists:reverse(Seen), W} end.

%% 1 <-> 2 <-> ... <-> N; each tells the sink its numbers as long as it lives.
links(N, Sink) ->
    Spawn = fun(I, Before) ->
        P = spawn(fun() -> case Before of none -> ok; _ -> link(Before) end, Sink ! {up, I}, pump(I, Sink, 1) end),
        receive {up, I} -> P end
    end,
    {Ps, _} = lists:mapfoldl(fun(I, Before) -> P = Spawn(I, Before), {P, P} end, none, lists:seq(1, N)),
    Ps.

pump(I, Sink, J) ->
    receive
        tick -> Sink ! {t, I, J}, pump(I, Sink, J + 1);
        {die, R} -> exit(R);
        trap -> process_flag(trap_exit, true), Sink ! {trapping, I}, pump(I, Sink, J);
        {'EXIT', _, W} -> Sink ! {heard, I, W}, pump(I, Sink, J)
    end.

tick(Ps, K) -> [P ! tick || _ <- lists:seq(1, K), P <- Ps].

%% Of each the ticks that came are 1, 2, ... without a gap.
gapless() -> gapless(#{}, true).
gapless(Last, Ok) ->
    receive {t, I, J} -> gapless(Last#{I => J}, Ok andalso maps:get(I, Last, 0) + 1 =:= J) after 0 -> Ok end.

downs(Ms) -> [receive {'DOWN', M, _, _, W} -> W end || M <- Ms].

chain(N, How) ->
    scn:log("-- a chain of ~p, ~p", [N, How]),
    Ps = links(N, self()), Ms = [monitor(process, P) || P <- Ps],
    tick(Ps, 20),
    case How of killed_in_the_middle -> exit(lists:nth(N div 2, Ps), kill); boom_at_the_end -> lists:last(Ps) ! {die, boom} end,
    tick(Ps, 20),
    Ws = downs(Ms),
    scn:log("down ~p, reasons ~s, no gaps ~p", [length(Ws), scn:fmt(lists:usort(Ws)), gapless()]).

chain_with_trap(N, At) ->
    scn:log("-- a chain of ~p, number ~p traps exits", [N, At]),
    Ps = links(N, self()), Ms = [monitor(process, P) || P <- Ps], Trap = lists:nth(At, Ps),
    Trap ! trap, receive {trapping, At} -> ok end,
    tick(Ps, 10),
    hd(Ps) ! {die, front}, downs(lists:sublist(Ms, At - 1)),
    receive {heard, At, W1} -> scn:log("heard ~s", [scn:fmt(W1)]) end,
    scn:log("alive ~p", [length([P || P <- Ps, is_process_alive(P)])]),
    exit(lists:last(Ps), kill), downs(lists:nthtail(At, Ms)),
    receive {heard, At, W2} -> scn:log("heard ~s", [scn:fmt(W2)]) end,
    scn:log("alive ~p, links of it ~p, no gaps ~p", [length([P || P <- Ps, is_process_alive(P)]), element(2, process_info(Trap, links)), gapless()]),
    exit(Trap, kill), scn:log("trap ~s", [scn:fmt(hd(downs([lists:nth(At, Ms)])))]).

ring(N) ->
    scn:log("-- a ring of ~p", [N]),
    Ps = links(N, self()), Me = self(),
    Closer = spawn(fun() -> link(hd(Ps)), link(lists:last(Ps)), Me ! closed, pump(0, Me, 1) end),
    receive closed -> ok end,
    All = [Closer | Ps], Ms = [monitor(process, P) || P <- All],
    tick(All, 10), lists:nth(N div 3, Ps) ! {die, {ring, broken}}, tick(All, 10),
    Ws = downs(Ms),
    scn:log("down ~p, reasons ~s, no gaps ~p", [length(Ws), scn:fmt(lists:usort(Ws)), gapless()]).

%% exit(kill) of a process reaches its links as the plain reason kill, exit(P, kill) as killed.
kill_as_a_reason(N) ->
    scn:log("-- kill as a reason"),
    [begin
         Ps = links(N, self()), Ms = [monitor(process, P) || P <- Ps], Last = lists:last(Ps),
         Last ! trap, receive {trapping, N} -> ok end,
         case How of own -> hd(Ps) ! {die, kill}; sent -> exit(hd(Ps), kill) end,
         Ws = downs(lists:sublist(Ms, N - 1)),
         receive {heard, N, W} -> scn:log("~p: reasons ~s, the last heard ~s", [How, scn:fmt(lists:usort(Ws)), scn:fmt(W)]) end,
         exit(Last, shutdown), receive {heard, N, S} -> scn:log("~p: then heard ~s", [How, scn:fmt(S)]) end,
         exit(Last, kill), scn:log("~p: ended ~s", [How, scn:fmt(hd(downs([lists:last(Ms)])))])
     end || How <- [own, sent]].

%% normal ends do no harm, however many; the first other does.
normal_ends(N) ->
    scn:log("-- ~p leaves end normally, then one with a reason", [N]),
    Me = self(), Hub = spawn(fun() -> pump(0, Me, 1) end), M = monitor(process, Hub),
    Leaf = fun() -> link(Hub), Me ! linked, receive {die, R} -> exit(R) end end,
    Leaves = [begin P = spawn(Leaf), receive linked -> P end end || _ <- lists:seq(1, N)],
    {Good, [Bad]} = lists:split(N - 1, Leaves), Gs = [monitor(process, P) || P <- Good],
    tick([Hub], 5), [P ! {die, normal} || P <- Good], downs(Gs), tick([Hub], 5),
    [receive {t, 0, J} -> ok end || J <- lists:seq(1, 10)],
    scn:log("hub alive ~p, links ~p", [is_process_alive(Hub), length(element(2, process_info(Hub, links)))]),
    Bad ! {die, bad}, scn:log("hub down ~s", [scn:fmt(hd(downs([M])))]).

%% Every second leaf is unlinked while all are told to end: those never reach the hub.
unlinked(N) ->
    scn:log("-- every second of ~p is unlinked", [N]),
    Me = self(),
    Hub = spawn(fun() -> process_flag(trap_exit, true), hub(Me) end),
    Leaf = fun() -> receive {die, R} -> exit(R) end end,
    Hub ! {spawn, N, Leaf}, Leaves = receive {leaves, L} -> L end, Ms = [monitor(process, P) || P <- Leaves],
    Numbered = lists:zip(lists:seq(1, N), Leaves),
    [begin case I rem 2 of 0 -> Hub ! {unlink, P}; _ -> ok end, Hub ! {tell, P, {die, {end_of, I}}} end || {I, P} <- Numbered],
    Ws = downs(Ms), Hub ! report,
    receive {heard, Heard} -> scn:log("ended ~p, heard ~s", [length(Ws), scn:fmt(lists:sort([I || {end_of, I} <- Heard]))]) end,
    exit(Hub, kill).

hub(Me) -> hub(Me, []).
hub(Me, Heard) ->
    receive
        {spawn, N, F} -> Me ! {leaves, [spawn_link(F) || _ <- lists:seq(1, N)]}, hub(Me, Heard);
        {unlink, P} -> unlink(P), hub(Me, Heard);
        {tell, P, M} -> P ! M, hub(Me, Heard);
        {'EXIT', _, W} -> hub(Me, [W | Heard]);
        report -> Me ! {heard, Heard}, hub(Me, Heard)
    end.

%% Leaves that are linked with two hubs carry the end of one to the other.
two_hubs(N) ->
    scn:log("-- ~p leaves between two hubs", [N]),
    Me = self(), Hub = fun() -> pump(0, Me, 1) end,
    A = spawn(Hub), B = spawn(Hub),
    Leaves = [begin P = spawn(fun() -> link(A), link(B), Me ! linked, pump(0, Me, 1) end), receive linked -> P end end || _ <- lists:seq(1, N)],
    Ms = [monitor(process, P) || P <- [A, B | Leaves]],
    tick([A, B | Leaves], 10), exit(A, {hub, a}),
    Ws = downs(Ms), scn:flush(),
    scn:log("down ~p, reasons ~s", [length(Ws), scn:fmt(lists:usort(Ws))]).

%% A tree of links: its root traps exits, a leaf ends, all of one branch goes; the others do not hear of it.
deep_and_wide(Depth, Width) ->
    scn:log("-- a tree ~p deep and ~p wide", [Depth, Width]),
    Me = self(),
    Root = spawn(fun() -> process_flag(trap_exit, true), Me ! {root, [branch(Depth, Width) || _ <- lists:seq(1, Width)]}, hub(Me) end),
    Branches = receive {root, Bs} -> Bs end,
    Ms = [[monitor(process, P) || P <- lists:flatten([B])] || B <- Branches],
    Sizes = [length(M) || M <- Ms],
    scn:log("branches of ~s", [scn:fmt(Sizes)]),
    [begin lists:last(lists:flatten([B])) ! {die, {branch, I}}, Ws = downs(M),
           scn:log("branch ~p: down ~p, reasons ~s", [I, length(Ws), scn:fmt(lists:usort(Ws))]) end
     || {I, B, M} <- lists:zip3(lists:seq(1, Width - 1), lists:droplast(Branches), lists:droplast(Ms))],
    Root ! report, receive {heard, Heard} -> scn:log("root heard ~s", [scn:fmt(lists:sort(Heard))]) end,
    scn:log("last branch alive ~p", [lists:all(fun is_process_alive/1, lists:flatten([lists:last(Branches)]))]),
    exit(Root, kill), scn:log("last branch down ~s", [scn:fmt(lists:usort(downs(lists:last(Ms))))]).

%% A process with Width children, each a branch of one level less; returns the pids.
branch(Depth, Width) ->
    Me = self(),
    P = spawn_link(fun() ->
        Below = case Depth of 1 -> []; _ -> [branch(Depth - 1, Width) || _ <- lists:seq(1, Width)] end,
        Me ! {below, self(), Below}, receive {die, R} -> exit(R) end
    end),
    receive {below, P, Below} -> [P, Below] end.
