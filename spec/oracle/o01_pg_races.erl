%% pg under races: deaths against joins and leaves, storms, monitors set in the middle of them, a scope that is killed.
-module(o01_pg_races).
-export([main/0]).

main() ->
    {ok, Scope} = pg:start(sc),
    F = fun(L, X) -> scn:log("~s -> ~s", [L, scn:fmt(X)]) end,
    F("who joins and ends at once leaves nothing", [] =:= joins_and_ends(100)),
    F("leave against death", lists:usort(leave_against_death(100))),
    F("the scope lives", whereis(sc) =:= Scope),
    storm(F),
    watched_storm(F),
    snapshot(F),
    demonitored(F),
    order_of_one(F),
    killed_scope(F).

forever() -> receive stop -> ok end.
worker(Fun) -> spawn_monitor(Fun).
wait({P, R}) -> receive {'DOWN', R, process, P, W} -> W end.
%% What the scope was sent before has been handled.
sync() -> pg:demonitor(sc, make_ref()).

joins_and_ends(N) ->
    Ws = [worker(fun() -> pg:join(sc, g, self()) end) || _ <- lists:seq(1, N)],
    [wait(W) || W <- Ws],
    sync(),
    pg:get_members(sc, g).

leave_against_death(N) ->
    Rs = [begin
              P = spawn(fun forever/0),
              ok = pg:join(sc, g, [P, P]),
              P ! stop,
              A = pg:leave(sc, g, P),
              [lists:member(A, [ok, not_joined])]
          end || _ <- lists:seq(1, N)],
    scn:settle(),
    [pg:get_members(sc, g) | lists:append(Rs)].

%% 20 processes join 5 times and leave twice, all at once.
storm(F) ->
    Me = self(),
    Ps = [spawn(fun() ->
              [ok = pg:join(sc, storm, self()) || _ <- lists:seq(1, 5)],
              [ok = pg:leave(sc, storm, self()) || _ <- lists:seq(1, 2)],
              Me ! {done, self()},
              forever()
          end) || _ <- lists:seq(1, 20)],
    [receive {done, P} -> ok end || P <- Ps],
    Ms = pg:get_members(sc, storm),
    F("a storm: members", length(Ms)),
    F("each is in it", lists:usort([length([x || M <- Ms, M =:= P]) || P <- Ps])),
    F("local members are the same", Ms =:= pg:get_local_members(sc, storm)),
    [P ! stop || P <- Ps],
    [scn:wait_down(P) || P <- Ps],
    sync(),
    F("all gone", {pg:get_members(sc, storm), pg:which_groups(sc)}).

%% Who watches hears each membership come and go once, and of none go before it came.
watched_storm(F) ->
    {R, #{}} = pg:monitor_scope(sc),
    Ws = [worker(fun() ->
              [ok = pg:join(sc, {w, I rem 3}, self()) || _ <- lists:seq(1, I)],
              I rem 2 =:= 0 andalso pg:leave(sc, {w, I rem 3}, self())
          end) || I <- lists:seq(1, 10)],
    [wait(W) || W <- Ws],
    sync(),
    Es = [{A, G, P} || {R0, A, G, [P]} <- scn:flush(50), R0 =:= R],
    F("joins and leaves", {length([x || {join, _, _} <- Es]), length([x || {leave, _, _} <- Es])}),
    F("none leaves before it joins", balanced(Es, #{})),
    F("demonitor", pg:demonitor(sc, R)).

balanced([], M) -> lists:usort(maps:values(M));
balanced([{join, G, P} | T], M) -> balanced(T, M#{{G, P} => maps:get({G, P}, M, 0) + 1});
balanced([{leave, G, P} | T], M) ->
    N = maps:get({G, P}, M, 0),
    case N > 0 of true -> balanced(T, M#{{G, P} => N - 1}); false -> unbalanced end.

%% Monitors set while others join: the members then, and the events since, make the members now.
snapshot(F) ->
    Me = self(),
    Ps = [spawn(fun() ->
              [begin pg:join(sc, snap, self()), erlang:yield() end || _ <- lists:seq(1, 20)],
              [begin pg:leave(sc, snap, self()), erlang:yield() end || _ <- lists:seq(1, 10)],
              Me ! {done, self()},
              forever()
          end) || _ <- lists:seq(1, 5)],
    Ws = [spawn_monitor(fun() ->
              {R, Init} = pg:monitor(sc, snap),
              Me ! {watching, self()},
              receive compare -> ok end,
              Es = [{A, Ps0} || {R0, A, snap, Ps0} <- scn:flush(0), R0 =:= R],
              Then = lists:foldl(fun({join, New}, M) -> New ++ M; ({leave, Old}, M) -> M -- Old end, Init, Es),
              exit(Then =:= pg:get_members(sc, snap))
          end) || _ <- lists:seq(1, 5)],
    [receive {watching, W} -> ok end || {W, _} <- Ws],
    [receive {done, P} -> ok end || P <- Ps],
    sync(),
    [W ! compare || {W, _} <- Ws],
    F("members then and events since are the members now", lists:usort([wait(W) || W <- Ws])),
    F("members", length(pg:get_members(sc, snap))),
    [P ! stop || P <- Ps],
    [scn:wait_down(P) || P <- Ps],
    sync().

%% In the middle of a storm: what comes after demonitor is nothing.
demonitored(F) ->
    P = spawn(fun() -> busy(300) end),
    Ls = [begin
              {R, _} = pg:monitor(sc, busy),
              {S, _} = pg:monitor_scope(sc),
              ok = pg:demonitor(sc, R),
              ok = pg:demonitor(sc, S),
              length(scn:flush(0))
          end || _ <- lists:seq(1, 50)],
    scn:wait_down(P),
    F("events after demonitor", {lists:usort(Ls), scn:flush(20)}).

busy(0) -> ok;
busy(N) -> pg:join(sc, busy, self()), pg:leave(sc, busy, self()), busy(N - 1).

%% What one process does is seen in its order: whoever sees the second group, sees the first.
order_of_one(F) ->
    P = spawn(fun() ->
            [begin pg:join(sc, {first, I}, self()), pg:join(sc, {second, I}, self()) end || I <- lists:seq(1, 100)],
            forever()
        end),
    F("in order", lists:usort([seen(I) || I <- lists:seq(1, 100)])),
    P ! stop,
    scn:wait_down(P),
    sync().

seen(I) ->
    case pg:get_members(sc, {second, I}) of
        [] -> erlang:yield(), seen(I);
        [_] -> length(pg:get_members(sc, {first, I}))
    end.

%% Who waits for the scope when it is killed exits; who asks later, too; what had joined has to join anew.
killed_scope(F) ->
    P = spawn(fun forever/0),
    ok = pg:join(sc, old, P),
    sys:suspend(sc),
    Ws = [worker(fun() -> pg:join(sc, new, P) end) || _ <- lists:seq(1, 10)],
    scn:settle(20),
    exit(whereis(sc), kill),
    F("waiting joins", lists:usort([element(1, wait(W)) || W <- Ws])),
    F("members of no scope", {pg:get_members(sc, old), pg:get_local_members(sc, old)}),
    F("groups of no scope", {scn:catching(fun() -> pg:which_groups(sc) end), scn:catching(fun() -> pg:which_local_groups(sc) end)}),
    F("join", element(1, wait(worker(fun() -> pg:join(sc, new, P) end)))),
    {ok, _} = pg:start(sc),
    F("a new scope", {pg:which_groups(sc), pg:join(sc, new, P), [M =:= P || M <- pg:get_members(sc, new)]}).
