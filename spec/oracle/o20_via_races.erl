%% Servers under the keys of a registry, {via, reg, Key}: who gets a key, what becomes of it when its server ends, unregisters or is stopped.
-module(o20_via_races).
-export([main/0]).
main() ->
    F = fun(L, X) -> scn:log("~s -> ~s", [L, scn:fmt(X)]) end, C = fun(L, X) -> scn:log("~s -> ~s", [L, scn:catching(X)]) end,
    Me = self(), K = via(k), Where = fun(Key) -> F("whereis", reg:whereis_name(Key)) end,
    {ok, _} = reg:start_link(), logger:set_primary_config(level, none),
    Winner = fun(N) -> #{name => N, init => fun() -> Me ! ran_init, {ok, N} end} end,
    %% What came of starts or registrations that raced: how many got the key, how many were told of the one that has it.
    Race = fun(Res) -> W = reg:whereis_name(k), F("got it", length([1 || {ok, X} <- Res, X =:= W])), F("were told", length([1 || {error, {already_started, X}} <- Res, X =:= W])), F("inits", length([1 || ran_init <- scn:flush()])) end,
    scn:log("-- racing starters"),
    Race(all(20, fun(_) -> srv:start(K, Winner(first)) end)), reg:send(k, hello), gen_server:cast(K, hi), F("call", gen_server:call(K, get)), F("keys", reg:keys(reg:whereis_name(k))), F("count", reg:count()),
    process_flag(trap_exit, true), F("linked", srv:start_link(K, Winner(x))), F("monitored", gen_server:start_monitor(K, srv, Winner(x), [])), scn:mailbox(),
    scn:log("-- the winner is killed while callers wait, and others wait for its end"),
    P1 = reg:whereis_name(k), Calls = [go(fun() -> scn:catching(fun() -> gen_server:call(K, {do, fun(_, S) -> Me ! busy, {noreply, S} end}) end) end) || _ <- [1, 2, 3]], [receive busy -> ok end || _ <- Calls],
    Starts = [go(fun() -> M = monitor(process, K1), Me ! watches, receive {'DOWN', M, _, _, killed} -> srv:start(K, Winner(second)) end end) || K1 <- lists:duplicate(10, P1)], [receive watches -> ok end || _ <- Starts],
    exit(P1, kill), [scn:log("call -> ~s", [R]) || R <- got(Calls)], Race(got(Starts)), F("call", gen_server:call(K, get)),
    scn:log("-- a key whose server has just ended"),
    P2 = reg:whereis_name(k), exit(P2, kill), Where(k), C("call", fun() -> gen_server:call(K, get) end), C("cast", fun() -> gen_server:cast(K, reset) end), C("send", fun() -> reg:send(k, hello) end), C("stop", fun() -> gen_server:stop(K) end), F("count", reg:count()),
    [begin {ok, P} = srv:start(K, #{name => p}), C(L, fun() -> gen_server:call(K, {do, D}) end), scn:wait_down(P), Where(k), C("again", fun() -> gen_server:call(K, get) end) end
     || {L, D} <- [{"stops", fun(_, S) -> {stop, normal, S} end}, {"stops with a reason", fun(_, S) -> {stop, why, S} end}, {"replies and stops", fun(_, S) -> {stop, normal, bye, S} end}, {"exits", fun(_, _) -> exit(oops) end}, {"is killed", fun(_, _) -> exit(self(), kill), receive never -> ok end end}]],
    scn:log("-- starts that fail leave the key"),
    [begin F(L, srv:start(K, #{name => x, init => fun() -> scn:log("in init ~p", [reg:whereis_name(k) =:= self()]), I() end})), Where(k) end || {L, I} <- [{"ignore", fun() -> ignore end}, {"stop", fun() -> {stop, why} end}, {"exit", fun() -> exit(why) end}, {"unregisters itself", fun() -> reg:unregister_name(k), {ok, 0} end}]],
    scn:log("-- while an init runs that fails"),
    Slow = go(fun() -> srv:start(K, #{name => slow, init => fun() -> Me ! {in_init, self()}, receive go -> {stop, failed} end end}) end), P3 = receive {in_init, X3} -> X3 end,
    F("another start", srv:start(K, Winner(x))), Call = go(fun() -> Me ! calls, scn:catching(fun() -> gen_server:call(K, get) end) end), receive calls -> scn:settle() end, P3 ! go, F("started", hd(got([Slow]))), scn:log("call -> ~s", [hd(got([Call]))]), Where(k),
    scn:log("-- each in its turn"),
    ets:new(turns, [named_table, public]), ets:insert(turns, [{inside, 0}, {together, 0}, {had, 0}]),
    Enter = fun() -> ets:update_counter(turns, had, 1), ets:update_counter(turns, inside, 1) =:= 1 orelse ets:update_counter(turns, together, 1), {ok, 0} end, Leave = fun(_, _) -> ets:update_counter(turns, inside, -1) end,
    all(10, fun(_) -> turn(K, #{name => p, init => Enter, term => Leave}) end), [F(T, ets:lookup_element(turns, T, 2)) || T <- [had, together]], Where(k),
    scn:log("-- registered again in a DOWN handler"),
    {ok, P4} = srv:start(K, #{name => old}),
    Heir = #{init => fun() -> monitor(process, P4), {ok, waiting} end, info => fun({'DOWN', _, _, _, W}, _) -> A = reg:register_name(k, self()), Me ! {registered, A}, {noreply, {A, W}} end},
    Heirs = [begin {ok, P} = srv:start(Heir#{name => heir}), P end || _ <- lists:seq(1, 10)], gen_server:stop(K, {shutdown, handover}, infinity), Answers = [receive {registered, A} -> A end || _ <- Heirs],
    F("yes", length([1 || yes <- Answers])), F("no", length([1 || no <- Answers])), F("call", gen_server:call(K, get)), F("one of them", lists:member(reg:whereis_name(k), Heirs)), [exit(P, kill) || P <- Heirs], Where(k),
    scn:log("-- unregister"),
    {ok, P5} = srv:start(K, #{name => owner}), F("by others", lists:usort(all(10, fun(_) -> reg:unregister_name(k) end))), Where(k),
    F("links", links(P5)), F("by itself", in(P5, fun() -> reg:unregister_name(k) end)), Where(k), F("again", in(P5, fun() -> reg:unregister_name(k) end)), F("links", links(P5)), C("by key", fun() -> gen_server:call(K, get) end), F("by pid", gen_server:call(P5, get)),
    Race(all(10, fun(_) -> srv:start(K, Winner(next)) end)), gen_server:stop(P5), Where(k), F("the end of the one before takes nothing", gen_server:call(K, get)),
    P6 = reg:whereis_name(k), Claims = [go(fun() -> claim(k, Me) end) || _ <- lists:seq(1, 10)], [receive tries -> ok end || _ <- Claims], in(P6, fun() -> reg:unregister_name(k) end), W6 = receive {has, X6} -> X6 end, F("one claims it", reg:whereis_name(k) =:= W6), [P ! done || {P, _} <- Claims], F("each in its turn", lists:usort(got(Claims))), Where(k), scn:flush(), gen_server:stop(P6),
    scn:log("-- two keys, one process"),
    {ok, P7} = srv:start(K, #{name => both}), F("its own again", in(P7, fun() -> reg:register_name(k, self()) end)), F("another", in(P7, fun() -> reg:register_name({k, 2}, self()) end)), F("keys", reg:keys(P7)), F("links", links(P7)), F("same", reg:whereis_name({k, 2}) =:= P7),
    F("start under the second", srv:start(via({k, 2}), Winner(x))), F("call", gen_server:call(via({k, 2}), get)), F("unregister one", in(P7, fun() -> reg:unregister_name(k) end)), F("keys", reg:keys(P7)), F("links", links(P7)), Where(k), F("the other", reg:whereis_name({k, 2})),
    F("taken meanwhile", element(1, srv:start(K, #{name => other}))), F("it back", in(P7, fun() -> reg:register_name(k, self()) end)), F("keys", reg:keys(P7)), gen_server:stop(K), F("it back", in(P7, fun() -> reg:register_name(k, self()) end)), gen_server:stop(via({k, 2})), Where(k), Where({k, 2}), F("count", reg:count()),
    scn:log("-- stop"),
    {ok, _} = srv:start(K, #{name => p}), F("stop", gen_server:stop(K)), C("again", fun() -> gen_server:stop(K) end), {ok, _} = srv:start(K, #{name => p}), F("with a reason", gen_server:stop(K, {shutdown, done}, 1000)), Where(k),
    {ok, _} = srv:start(K, #{name => p, term => fun(_, _) -> exit(badly) end}), C("terminate fails", fun() -> gen_server:stop(K) end), Where(k),
    {ok, P8} = srv:start(K, #{name => p}), Stops = all(10, fun(_) -> scn:catching(fun() -> gen_server:stop(K) end) end), Late = ["{raised,exit,noproc}", "{raised,exit,{normal,{sys,terminate,[<p>,normal,infinity]}}}"], F("one stops it", length([1 || "{returned,ok}" <- Stops])), F("the others are late", length([1 || R <- Stops, lists:member(R, Late)])), F("alive", is_process_alive(P8)), Where(k),
    scn:log("-- a supervisor starts it again under its key"),
    Child = #{id => a, start => {srv, start_link, [K, #{name => kid, init => fun() -> Me ! {up, self()}, {ok, 0} end}]}}, {ok, S} = tsup:start_link({ok, {#{strategy => one_for_one, intensity => 9, period => 5}, [Child]}}),
    [begin P = receive {up, X} -> X end, F("under its key", reg:whereis_name(k) =:= P), F("call", gen_server:call(K, get)), exit(P, kill) end || _ <- [1, 2, 3]], receive {up, P9} -> F("call", gen_server:call(K, get)), unlink(S), exit(S, shutdown), scn:wait_down(S), F("alive", is_process_alive(P9)) end, Where(k), scn:mailbox().

via(Key) -> {via, reg, Key}.
%% Runs F in a process of its own; got/1 waits for what it gives.
go(F) -> Me = self(), R = make_ref(), {spawn(fun() -> Me ! {R, F()} end), R}.
got(Gos) -> [receive {R, X} -> X end || {_, R} <- Gos].
all(N, F) -> got([go(fun() -> F(I) end) || I <- lists:seq(1, N)]).
in(P, F) -> gen_server:call(P, {do, fun(_, S) -> {reply, F(), S} end}).
links(P) -> {links, L} = process_info(P, links), length(L).
%% Starts until it was its turn.
turn(K, M) -> case srv:start(K, M) of {ok, P} -> gen_server:stop(P); {error, {already_started, P}} -> scn:wait_down(P), turn(K, M) end.
%% Registers itself as soon as nobody else is; keeps the key until told.
claim(Key, To) -> To ! tries, claim_now(Key, To).
claim_now(Key, To) -> case reg:register_name(Key, self()) of yes -> To ! {has, self()}, receive done -> had_it end; no -> timer:sleep(1), claim_now(Key, To) end.
