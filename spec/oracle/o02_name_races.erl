%% Names under races: many for one name, names that are handed on, deaths against sends, calls and registrations.
-module(o02_name_races).
-export([main/0]).

main() ->
    F = fun(L, X) -> scn:log("~s -> ~s", [L, scn:fmt(X)]) end,
    one_winner(F),
    one_server(F),
    free_when_down(F),
    handed_on(F),
    sends_against_death(F),
    calls_against_restarts(F),
    monitor_of_a_name(F),
    failed_starts(F),
    unregister_race(F),
    timer_to_a_name(F).

forever() -> receive stop -> ok end.
worker(Fun) -> spawn_monitor(Fun).
wait({P, R}) -> receive {'DOWN', R, process, P, W} -> W end.
try_register(N, P) -> try register(N, P) catch error:E -> E end.

%% 50 processes want one name.
one_winner(F) ->
    Me = self(),
    Ps = [spawn(fun() -> receive go -> ok end, Me ! {self(), try_register(prize, self())}, forever() end)
          || _ <- lists:seq(1, 50)],
    [P ! go || P <- Ps],
    Rs = [receive {P, R} -> {R, P} end || P <- Ps],
    [Winner] = [P || {true, P} <- Rs],
    F("winners", length([x || {true, _} <- Rs])),
    F("losers", lists:usort([R || {R, _} <- Rs, R =/= true])),
    F("the name leads to the winner", whereis(prize) =:= Winner),
    F("a second name for it", try_register(prize2, Winner)),
    [P ! stop || P <- Ps],
    [scn:wait_down(P) || P <- Ps],
    F("all gone", whereis(prize)).

%% 20 starters of one named server: one starts it, the others are told who has the name.
one_server(F) ->
    Ws = [worker(fun() -> exit(srv:start({local, single}, #{name => single})) end) || _ <- lists:seq(1, 20)],
    Rs = [wait(W) || W <- Ws],
    S = whereis(single),
    F("started", length([x || {ok, P} <- Rs, P =:= S])),
    F("already started", length([x || {error, {already_started, P}} <- Rs, P =:= S])),
    gen_server:stop(S).

%% Whoever hears of an end finds the name free: 200 successors, each of which registers itself when the one before ends.
free_when_down(F) ->
    First = spawn(fun() -> register(throne, self()), forever() end),
    until(fun() -> whereis(throne) =:= First end),
    Last = lists:foldl(fun(_, P) -> successor(P) end, {First, []}, lists:seq(1, 200)),
    {P, Rs} = Last,
    F("successions", lists:usort(Rs)),
    F("the last one has it", whereis(throne) =:= P),
    P ! stop,
    scn:wait_down(P),
    F("free", whereis(throne)).

successor({P, Rs}) ->
    Me = self(),
    Q = spawn(fun() ->
            M = monitor(process, P),
            Me ! {self(), ready},
            receive {'DOWN', M, _, _, _} -> ok end,
            Me ! {self(), {whereis(throne), try_register(throne, self())}},
            forever()
        end),
    receive {Q, ready} -> ok end,
    P ! stop,
    receive {Q, R} -> {Q, [R | Rs]} end.

until(Fun) -> case Fun() of true -> ok; false -> erlang:yield(), until(Fun) end.

%% A name that moves from one living process to another: what is sent goes to whom it belongs to then, in order.
handed_on(F) ->
    Me = self(),
    Box = fun() -> receive {collect, N} -> Me ! {self(), [receive {n, I} -> I end || _ <- lists:seq(1, N)]} end, forever() end,
    [A, B] = [spawn(Box), spawn(Box)],
    register(box, A),
    [box ! {n, I} || I <- lists:seq(1, 10)],
    unregister(box),
    F("between", try box ! {n, lost} catch error:E -> E end),
    register(box, B),
    [box ! {n, I} || I <- lists:seq(11, 30)],
    A ! {collect, 10}, B ! {collect, 20},
    F("first had", receive {A, La} -> {hd(La), lists:last(La), length(La)} end),
    F("second had", receive {B, Lb} -> {hd(Lb), lists:last(Lb), length(Lb)} end),
    F("both names at once", {try_register(box, A), try_register(box2, B), try_register(box2, A)}),
    [P ! stop || P <- [A, B]],
    [scn:wait_down(P) || P <- [A, B]],
    F("both free", {whereis(box), whereis(box2)}).

%% A send to a name that is being lost arrives, is lost, or is badarg; it never does anything else.
sends_against_death(F) ->
    Rs = [begin
              P = spawn(fun forever/0),
              register(mortal, P),
              S = worker(fun() -> exit([try mortal ! hello, sent catch error:E -> E end || _ <- lists:seq(1, 5)]) end),
              exit(P, kill),
              R = wait(S),
              scn:wait_down(P),
              {lists:usort(R) -- [sent, badarg], whereis(mortal), R =:= lists:filter(fun(X) -> X =:= sent end, R) ++ lists:filter(fun(X) -> X =:= badarg end, R)}
          end || _ <- lists:seq(1, 100)],
    F("sent or badarg, and badarg from then on", lists:usort(Rs)).

%% Calls to a name whose server is killed and started anew: an answer, or one of two reasons.
calls_against_restarts(F) ->
    {ok, _} = srv:start({local, phoenix}, #{name => phoenix, state => 7}),
    Me = self(),
    C = spawn(fun() -> caller(Me, []) end),
    [begin
         P = whereis(phoenix),
         exit(P, kill),
         scn:wait_down(P),
         {ok, _} = srv:start({local, phoenix}, #{name => phoenix, state => 7})
     end || _ <- lists:seq(1, 100)],
    F("alive at last", gen_server:call(phoenix, get)),
    C ! finish,
    F("what callers saw besides", receive {C, Rs} -> lists:usort(Rs) -- [7, killed, noproc] end),
    gen_server:stop(phoenix).

caller(Me, Rs) ->
    R = try gen_server:call(phoenix, get) catch exit:{Why, {gen_server, call, [phoenix, get]}} -> Why end,
    receive finish -> Me ! {self(), [R | Rs]} after 0 -> caller(Me, [R | Rs]) end.

%% A monitor by name watches who has the name then.
monitor_of_a_name(F) ->
    [A, B] = [spawn(fun forever/0), spawn(fun forever/0)],
    register(seat, A),
    M = monitor(process, seat),
    unregister(seat),
    register(seat, B),
    N = monitor(process, seat),
    A ! stop,
    F("first", receive {'DOWN', M, T1, O1, W1} -> {T1, O1, W1} end),
    B ! stop,
    F("second", receive {'DOWN', N, T2, O2, W2} -> {T2, O2, W2} end),
    F("none", receive {'DOWN', _, T3, O3, W3} -> {T3, O3, W3} after 20 -> nothing end),
    monitor(process, seat),
    F("nobody", receive {'DOWN', _, T4, O4, W4} -> {T4, O4, W4} end).

%% A start that fails gives the name back before it is reported.
failed_starts(F) ->
    Rs = [begin
              R = srv:start({local, fails}, #{name => fails, init => fun() -> {stop, why} end}),
              {R, whereis(fails)}
          end || _ <- lists:seq(1, 50)],
    F("failed starts", lists:usort(Rs)).

%% 20 processes unregister one name: one does, the others are told that there is none.
unregister_race(F) ->
    P = spawn(fun forever/0),
    register(common, P),
    Ws = [worker(fun() -> exit(try unregister(common) catch error:E -> E end) end) || _ <- lists:seq(1, 20)],
    Rs = [wait(W) || W <- Ws],
    F("unregistered", {length([x || true <- Rs]), length([x || badarg <- Rs])}),
    F("it lives on", is_process_alive(P)),
    F("and has a name again", {try_register(common, P), whereis(common) =:= P}),
    P ! stop,
    scn:wait_down(P).

%% A timer to a name goes to whoever has it when the time is up.
timer_to_a_name(F) ->
    Me = self(),
    Tell = fun(Who) -> fun() -> receive ring -> Me ! {rang, Who} end end end,
    [A, B] = [spawn(Tell(a)), spawn(Tell(b))],
    register(bell, A),
    erlang:send_after(30, bell, ring),
    unregister(bell),
    register(bell, B),
    F("rang at", receive {rang, Who} -> Who end),
    exit(A, kill),
    scn:wait_down(B),
    erlang:send_after(10, bell, ring),
    F("nobody there", receive {rang, Other} -> Other after 40 -> lost end).
