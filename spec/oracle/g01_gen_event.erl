%% gen_event: order, isolation of crashes, removal, swaps, supervised handlers, reports, sys.
-module(g01_gen_event).
-export([main/0, init/1, handle_event/2, handle_call/2, handle_info/2, terminate/2, code_change/3]).
-define(M, ?MODULE).

init({do, F}) -> F();
init({heir, Left}) -> scn:log("init heir of ~s", [scn:fmt(Left)]), {ok, heir};
init({no_heir, Left}) -> scn:log("init no heir of ~s", [scn:fmt(Left)]), {error, no_heir};
init(S) -> scn:log("init ~s", [scn:fmt(S)]), {ok, S}.
handle_event({do, S, F}, S) -> F();
handle_event({do, _, _}, S) -> {ok, S};
handle_event(E, S) -> scn:log("~s event ~s", [scn:fmt(S), scn:fmt(E)]), {ok, S}.
handle_call(get, S) -> {ok, S, S};
handle_call({do, F}, _) -> F().
handle_info({do, S, F}, S) -> F();
handle_info({do, _, _}, S) -> {ok, S};
handle_info(I, S) -> scn:log("~s info ~s", [scn:fmt(S), scn:fmt(I)]), {ok, S}.
terminate(crash, S) -> scn:log("~s terminate crash", [scn:fmt(S)]), exit(in_terminate);
terminate(W, S) -> scn:log("~s terminate ~s", [scn:fmt(S), scn:fmt(W)]), {left, S}.
code_change(V, S, E) -> scn:log("~s code_change ~s", [scn:fmt(S), scn:fmt({V, E})]), {ok, {S, E}}.

show(M) -> scn:log("handlers ~s", [scn:fmt(gen_event:which_handlers(M))]).
f(L, X) -> scn:log("~s -> ~s", [L, scn:fmt(X)]).

main() ->
    process_flag(trap_exit, true),
    {ok, M} = gen_event:start({local, ge}), scn:name(ge, M),
    f("empty", gen_event:which_handlers(ge)),
    scn:log("-- order, ids, duplicates"),
    f("add", [gen_event:add_handler(ge, {?M, I}, I) || I <- [a, b]]),
    f("add plain", gen_event:add_handler(M, ?M, plain)),
    f("add twice", gen_event:add_handler(ge, {?M, a}, a2)),
    show(ge),
    f("sync_notify", gen_event:sync_notify(ge, hello)),
    f("call first of two", gen_event:call(ge, {?M, a}, get)),
    f("call plain", gen_event:call(ge, ?M, get)),
    f("delete first of two", gen_event:delete_handler(ge, {?M, a}, bye)),
    f("call the other", gen_event:call(ge, {?M, a}, get)),
    show(ge),
    scn:log("-- what is not there"),
    f("call missing id", gen_event:call(ge, {?M, zz}, get)),
    f("call missing module", gen_event:call(ge, nobody, get)),
    f("delete missing", gen_event:delete_handler(ge, {?M, zz}, x)),
    scn:log("-- inits that fail"),
    f("error", gen_event:add_handler(ge, {?M, i}, {do, fun() -> {error, no} end})),
    f("bad", gen_event:add_handler(ge, {?M, i}, {do, fun() -> bad end})),
    f("crash", gen_event:add_handler(ge, {?M, i}, {do, fun() -> error(oops) end})),
    f("exit", gen_event:add_handler(ge, {?M, i}, {do, fun() -> exit(oops) end})),
    f("throw", gen_event:add_handler(ge, {?M, i}, {do, fun() -> throw(oops) end})),
    f("throw ok", gen_event:add_handler(ge, {?M, i}, {do, fun() -> throw({ok, thrown}) end})),
    show(ge),
    f("delete", gen_event:delete_handler(ge, {?M, i}, bye)),
    scn:log("-- a handler that fails is removed, the others go on"),
    Fail = fun(L, F) ->
        ok = gen_event:add_handler(ge, {?M, x}, x), ok = gen_event:add_handler(ge, {?M, y}, y),
        f(L, gen_event:sync_notify(ge, {do, x, F})), gen_event:sync_notify(ge, L),
        f("gone", gen_event:delete_handler(ge, {?M, x}, gone)), gen_event:delete_handler(ge, {?M, y}, gone) end,
    scn:with_logs(fun(E) -> report(E) end),
    Fail(error, fun() -> error(oops) end), Fail(exit, fun() -> exit(oops) end), Fail(normal, fun() -> exit(normal) end),
    Fail(throw, fun() -> throw(oops) end), Fail(bad, fun() -> bad end), Fail(undefined_ok, fun() -> {ok} end),
    Fail(thrown_ok, fun() -> throw({ok, x}) end), Fail(remove, fun() -> remove_handler end),
    Fail(remove_of_a_call, fun() -> {remove_handler, r} end), Fail(reply_of_a_call, fun() -> {ok, r, x} end),
    scn:log("-- calls that fail"),
    Call = fun(L, F) ->
        ok = gen_event:add_handler(ge, {?M, x}, x),
        f(L, gen_event:call(ge, {?M, x}, {do, F})), f("then", gen_event:delete_handler(ge, {?M, x}, gone)) end,
    Call(error, fun() -> error(oops) end), Call(exit, fun() -> exit(oops) end), Call(throw, fun() -> throw(oops) end),
    Call(bad, fun() -> bad end), Call(ok_of_an_event, fun() -> {ok, x} end), Call(remove, fun() -> {remove_handler, bye} end),
    Call(remove_of_an_event, fun() -> remove_handler end), Call(throw_ok, fun() -> throw({ok, reply, x}) end),
    scn:log("-- delete and terminate"),
    gen_event:add_handler(ge, {?M, x}, x), f("crash in terminate", gen_event:delete_handler(ge, {?M, x}, crash)),
    show(ge),
    scn:log("-- swaps"),
    gen_event:add_handler(ge, {?M, x}, x),
    f("swap", gen_event:swap_handler(ge, {{?M, x}, args}, {{?M, z}, heir})), show(ge),
    f("swap missing", gen_event:swap_handler(ge, {{?M, x}, args}, {{?M, w}, heir})), show(ge),
    f("swap, no heir", gen_event:swap_handler(ge, {{?M, z}, args}, {{?M, v}, no_heir})), show(ge),
    f("swap, crash in terminate", gen_event:swap_handler(ge, {{?M, w}, crash}, {{?M, v}, heir})), show(ge),
    gen_event:delete_handler(ge, {?M, v}, bye),
    Swap = fun(L, F) -> gen_event:add_handler(ge, {?M, x}, x), gen_event:add_handler(ge, {?M, y}, y), f(L, F()), show(ge),
        [gen_event:delete_handler(ge, {?M, I}, bye) || I <- [x, y, z]] end,
    Swap("swap in event", fun() -> gen_event:sync_notify(ge, {do, x, fun() -> {swap_handler, args, x1, {?M, z}, heir} end}) end),
    Swap("swap in event, no heir", fun() -> gen_event:sync_notify(ge, {do, x, fun() -> {swap_handler, args, x1, {?M, z}, no_heir} end}) end),
    Swap("swap in call", fun() -> gen_event:call(ge, {?M, x}, {do, fun() -> {swap_handler, reply, args, x1, {?M, z}, heir} end}) end),
    Swap("swap in call, no heir", fun() -> gen_event:call(ge, {?M, x}, {do, fun() -> {swap_handler, reply, args, x1, {?M, z}, no_heir} end}) end),
    scn:log("-- supervised handlers"),
    Sup = fun(L, F) -> gen_event:add_sup_handler(ge, {?M, s}, s), F(), scn:mailbox(L), gen_event:delete_handler(ge, {?M, s}, gone), scn:flush(20) end,
    Sup("delete", fun() -> gen_event:delete_handler(ge, {?M, s}, bye) end),
    Sup("remove", fun() -> gen_event:sync_notify(ge, {do, s, fun() -> remove_handler end}) end),
    Sup("crash", fun() -> gen_event:sync_notify(ge, {do, s, fun() -> error(oops) end}) end),
    Sup("bad", fun() -> gen_event:sync_notify(ge, {do, s, fun() -> bad end}) end),
    Sup("bad call", fun() -> gen_event:call(ge, {?M, s}, {do, fun() -> bad end}) end),
    Sup("swap", fun() -> gen_event:swap_handler(ge, {{?M, s}, args}, {{?M, z}, heir}), gen_event:delete_handler(ge, {?M, z}, bye) end),
    Sup("swap in event", fun() -> gen_event:sync_notify(ge, {do, s, fun() -> {swap_handler, args, s1, {?M, z}, heir} end}), gen_event:delete_handler(ge, {?M, z}, bye) end),
    Sup("swap in event, no heir", fun() -> gen_event:sync_notify(ge, {do, s, fun() -> {swap_handler, args, s1, {?M, z}, no_heir} end}) end),
    f("init fails", gen_event:add_sup_handler(ge, {?M, s}, {do, fun() -> {error, no} end})), scn:mailbox("init fails"),
    gen_event:add_handler(ge, {?M, x}, x),
    f("swap_sup", gen_event:swap_sup_handler(ge, {{?M, x}, args}, {{?M, z}, heir})), gen_event:delete_handler(ge, {?M, z}, bye),
    scn:mailbox("swap_sup"),
    Adder = spawn(fun() -> gen_event:add_sup_handler(ge, {?M, o}, o), receive R -> exit(R) end end), scn:name(adder, Adder),
    timer:sleep(20), show(ge), Adder ! adder_died, scn:settle(), show(ge),
    scn:log("-- info"),
    M ! some_info, ge ! {do, plain, fun() -> exit(info_crash) end}, scn:settle(), show(ge),
    exit(M, from_a_stranger), scn:settle(), show(ge),
    scn:log("-- sys"),
    f("get_state", sys:get_state(ge)),
    f("replace_state", sys:replace_state(ge, fun({Mo, a, _}) -> {Mo, a, a3}; ({_, b, _}) -> exit(no) end)),
    sys:suspend(ge), gen_event:notify(ge, while_suspended), f("suspended get_state", sys:get_state(ge)),
    f("change_code", sys:change_code(ge, ?M, v0, extra)), scn:log("resume"), sys:resume(ge), scn:settle(),
    f("get_state", sys:get_state(ge)),
    scn:log("-- ends"),
    gen_event:add_sup_handler(ge, {?M, s}, s),
    f("stop", gen_event:stop(ge)), scn:mailbox("after stop"),
    f("notify dead pid", gen_event:notify(M, x)), f("notify dead name", catching(fun() -> gen_event:notify(ge, x) end)),
    f("notify dead name on node", gen_event:notify({ge, node()}, x)),
    scn:log("sync_notify dead -> ~s", [scn:catching(fun() -> gen_event:sync_notify(M, x) end)]),
    scn:log("which dead -> ~s", [scn:catching(fun() -> gen_event:which_handlers(ge) end)]),
    scn:log("add dead -> ~s", [scn:catching(fun() -> gen_event:add_handler(ge, ?M, x) end)]),
    scn:log("call dead -> ~s", [scn:catching(fun() -> gen_event:call(ge, ?M, get) end)]),
    scn:log("call dead, timeout -> ~s", [scn:catching(fun() -> gen_event:call(ge, ?M, get, 100) end)]),
    {ok, L} = gen_event:start_link(), scn:name(linked, L), gen_event:add_handler(L, ?M, 1), gen_event:add_handler(L, {?M, 2}, 2),
    scn:log("slow -> ~s", [scn:catching(fun() -> gen_event:call(L, ?M, {do, fun() -> timer:sleep(200), {ok, late, 1} end}, 50) end)]),
    timer:sleep(250), scn:mailbox("late reply"),
    scn:log("stop with a reason -> ~s", [scn:catching(fun() -> gen_event:stop(L, odd, 1000) end)]), scn:mailbox("after stop"),
    Parent = spawn(fun() -> {ok, C} = gen_event:start_link({local, child}), gen_event:add_handler(C, ?M, in_child),
        receive Why -> exit(Why) end end),
    timer:sleep(20), C = whereis(child), scn:name(child, C), Ref = monitor(process, C), Parent ! parent_died,
    receive {'DOWN', Ref, _, _, W} -> f("child of a parent that ends", W) end.

catching(F) -> try F() catch K:R -> {K, R} end.
report(#{msg := {report, #{label := {gen_event, _} = L} = R}}) ->
    scn:log("~s", [scn:fmt({report, L, maps:get(handler, R, none), maps:get(state, R, none), maps:get(reason, R, none)})]);
report(_) -> ok.
