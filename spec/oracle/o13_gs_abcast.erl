%% abcast, multi_call, requests and messages that nobody knows, answers to nobody.
-module(o13_gs_abcast).
-behaviour(gen_server).
-export([main/0, init/1, handle_call/3, handle_cast/2]).
init(_) -> scn:name(bare, self()), {ok, 0}.
handle_call(get, _, S) -> {reply, S, S}.
handle_cast(inc, S) -> {noreply, S + 1}.
main() ->
    F = fun(L, X) -> scn:log("~s -> ~s", [L, scn:fmt(X)]) end, N = node(),
    {ok, P} = srv:start({local, bob}, #{name => p}),
    scn:log("-- abcast"),
    F("all", gen_server:abcast(bob, one)), scn:settle(), F("here", gen_server:abcast([N], bob, two)), scn:settle(), F("here, twice", gen_server:abcast([N, N], bob, three)), scn:settle(),
    F("nobody", gen_server:abcast(nobody, x)), F("no node", gen_server:abcast([], bob, x)), F("a node that is away", gen_server:abcast(['no@where', N], bob, four)), scn:settle(),
    scn:log("-- multi_call"),
    F("all", gen_server:multi_call(bob, get)), F("here", gen_server:multi_call([N], bob, get)), F("nobody", gen_server:multi_call([N], nobody, get)), F("no node", gen_server:multi_call([], bob, get)), F("a node that is away", gen_server:multi_call(['no@where', N], bob, get)),
    F("in time", gen_server:multi_call([N], bob, get, 1000)), F("too late", gen_server:multi_call([N], bob, {do, fun(_, S) -> timer:sleep(60), {reply, late, S} end}, 20)), timer:sleep(100), scn:mailbox("late reply"),
    F("it ends", gen_server:multi_call([N], bob, {do, fun(_, S) -> {stop, normal, S} end})), scn:mailbox(), F("gone", gen_server:multi_call([N], bob, get)), F("whereis", whereis(bob)), F("alive", is_process_alive(P)),
    scn:log("-- answers to nobody"),
    {ok, Q} = srv:start(#{name => q}), F("a caller that has ended", begin C = spawn(fun() -> gen_server:call(Q, {do, fun(From, S) -> put(from, From), exit(element(1, From), kill), {reply, x, S} end}) end), scn:wait_down(C) end), F("alive", is_process_alive(Q)),
    F("again", gen_server:call(Q, {do, fun(_, S) -> {reply, gen_server:reply(get(from), x), S} end})),
    M = monitor(process, Q), F("a malformed from", scn:catching(fun() -> gen_server:call(Q, {do, fun(_, S) -> gen_server:reply(nonsense, x), {noreply, S} end}) end)), receive {'DOWN', M, _, _, W} -> F("down", W) end,
    scn:log("-- messages that nobody knows"),
    {ok, R} = srv:start(#{name => r}), R ! hello, R ! {'DOWN', x}, R ! {tuple, 1}, R ! 42, R ! {timeout, x, y}, scn:settle(), F("alive", is_process_alive(R)),
    scn:log("-- a module without handle_info"),
    scn:with_logs(fun(#{level := L, msg := {report, #{label := Lb} = Rep}}) -> scn:log("   REPORT ~p ~p", [L, Lb]), case Rep of #{message := Msg} -> scn:log("   ~s", [scn:fmt(Msg)]); _ -> ok end; (_) -> ok end),
    {ok, B} = gen_server:start(?MODULE, [], []), B ! hello, scn:settle(), gen_server:cast(B, inc), F("goes on", gen_server:call(B, get)), B ! {'EXIT', self(), boom}, scn:settle(), F("goes on", gen_server:call(B, get)),
    logger:set_primary_config(level, none),
    scn:log("-- requests that it does not know"),
    MB = monitor(process, B), gen_server:cast(B, nonsense), receive {'DOWN', MB, _, _, WB} -> F("cast", WB) end, {ok, D} = gen_server:start(?MODULE, [], []), MD = monitor(process, D), F("call", scn:catching(fun() -> gen_server:call(D, nonsense) end)), receive {'DOWN', MD, _, _, WD} -> F("down", WD) end.
