%% A gen_server told what to return: ../servers.ts is the same. A program is a list of steps; in it an outcome is
%%   {return, How, Next} | {stop, Reason} | {stop_reply, Reason, Value} | {error | exit | throw, Reason} | bad,
%% How being reply, noreply or later (keep the caller), and Next none, hibernate, {timeout, T} or {continue, Outcome}.
-module(servers).
-export([run/1]).

%% Turns in which whatever can run has run, one process at a time.
-define(TURNS, 100).

run(Steps) ->
    process_flag(trap_exit, true),
    Numbered = lists:zip(lists:seq(1, length(Steps)), Steps),
    lists:foldl(fun({N, Step}, Server) -> step(N, Step, Server) end, none, Numbered),
    scn:log("end"),
    ok.

step(N, Step, Server) ->
    scn:log("~b ~s", [N, scn:fmt(Step)]),
    Next = perform(Step, Server),
    is_brief(Step) andalso timer:sleep(5),
    [erlang:yield() || _ <- lists:seq(1, ?TURNS)],
    [scn:log("  driver has ~s", [scn:fmt(M)]) || M <- scn:flush()],
    Next.

is_brief({call, 1, _}) -> true;
is_brief(_) -> false.

perform({start, How, Name, Trap, Init, End}, Server) ->
    Result = start(How, Name, functions(Trap, Init, End)),
    scn:log("  driver ~s", [scn:fmt(Result)]),
    case Result of
        {ok, {Pid, _}} -> Pid;
        {ok, Pid} -> Pid;
        _ -> forget_exit(Server), Server
    end;
perform(_, none) -> none;
perform({call, Timeout, Outcome}, Server) ->
    Do = {do, fun(From, S) -> outcome(Outcome, {reply, From}, S) end},
    spawn(fun() -> scn:log("  client ~s", [scn:catching(fun() -> gen_server:call(Server, Do, Timeout) end)]) end),
    Server;
perform({cast, Outcome}, Server) ->
    gen_server:cast(Server, {do, fun(S) -> outcome(Outcome, none, S) end}),
    Server;
perform({info, Outcome}, Server) ->
    Server ! {outcome, Outcome},
    Server;
perform({reply, Value}, Server) ->
    gen_server:cast(Server, {do, fun(S) -> [gen_server:reply(From, Value) || From <- S], {noreply, []} end}),
    Server;
perform({stop, Reason}, Server) ->
    scn:log("  driver ~s", [scn:catching(fun() -> gen_server:stop(Server, Reason, 60000) end)]),
    Server;
perform({exit, Reason}, Server) ->
    exit(Server, Reason),
    Server.

%% From OTP 26 on, a start_link that fails leaves no EXIT message.
forget_exit(Server) -> receive {'EXIT', Pid, _} when Pid =/= Server -> ok after 0 -> ok end.

start(How, none, Functions) -> gen_server:How(srv, Functions, []);
start(How, Name, Functions) -> gen_server:How({local, Name}, srv, Functions, []).

functions(Trap, Init, End) -> #{
    trap => Trap,
    init => fun() -> init(Init) end,
    info => fun
        ({outcome, Outcome}, S) -> outcome(Outcome, none, S);
        (M, S) -> scn:log("  server info ~s", [scn:fmt(M)]), {noreply, S}
    end,
    continue => fun(Outcome, S) -> scn:log("  server continue"), outcome(Outcome, none, S) end,
    term => fun(Reason, S) ->
        scn:log("  server terminate ~s with ~b callers", [scn:fmt(Reason), length(S)]),
        ended(End)
    end
}.

init({return, _, Next}) -> list_to_tuple([ok, [] | next(Next)]);
init({stop, Reason}) -> {stop, Reason};
init(ignore) -> ignore;
init(bad) -> bad;
init({Class, Reason}) -> raise(Class, Reason).

ended(ok) -> ok;
ended({Class, Reason}) -> raise(Class, Reason).

outcome({return, reply, Next}, {reply, _}, S) -> list_to_tuple([reply, answer, S | next(Next)]);
outcome({return, early, Next}, {reply, From}, S) ->
    gen_server:reply(From, early),
    list_to_tuple([noreply, S | next(Next)]);
outcome({return, later, Next}, {reply, From}, S) -> list_to_tuple([noreply, S ++ [From] | next(Next)]);
outcome({return, _, Next}, _, S) -> list_to_tuple([noreply, S | next(Next)]);
outcome({stop, Reason}, _, S) -> {stop, Reason, S};
outcome({stop_reply, Reason, Value}, {reply, _}, S) -> {stop, Reason, Value, S};
outcome({stop_reply, Reason, _}, _, S) -> {stop, Reason, S};
outcome(bad, _, _) -> bad;
outcome({Class, Reason}, _, _) -> raise(Class, Reason).

next(none) -> [];
next(hibernate) -> [hibernate];
next({timeout, Time}) -> [Time];
next({continue, Outcome}) -> [{continue, Outcome}].

raise(error, Reason) -> error(Reason);
raise(exit, Reason) -> exit(Reason);
raise(throw, Reason) -> throw(Reason).
