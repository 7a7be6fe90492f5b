%% Supervision trees: ../trees.ts is the same. A program is {Root, Steps}, Root being
%%   {sup, Id, Restart, Significant, {Strategy, Intensity, AutoShutdown}, Children}, and a child a sup or
%%   {kid, Id, Restart, Shutdown, Significant, {Trap, Starts, Slow}}, Starts saying how its first starts go.
-module(trees).
-export([run/1, start_kid/2, start_sup/3]).

-define(PERIOD, 100000).

run({{sup, root, _, _, Flags, Children} = Root, Steps}) ->
    process_flag(trap_exit, true),
    Started = supervisor_of(root, Flags, Children),
    scn:log("start ~s", [scn:fmt(case Started of {ok, _} -> ok; _ -> Started end)]),
    case Started of
        {ok, Pid} ->
            Simple = simple(Root),
            Numbered = lists:zip(lists:seq(1, length(Steps)), Steps),
            [step(N, Step, Pid, Simple) || {N, Step} <- Numbered],
            exit(Pid, shutdown),
            scn:log("root ends ~s", [scn:fmt(receive {'EXIT', Pid, Why} -> Why end)]);
        _ -> ok
    end.

start_sup(Id, Flags, Children) -> supervisor_of(Id, Flags, Children).

supervisor_of(Id, {Strategy, Intensity, AutoShutdown}, Children) ->
    Flags = #{strategy => Strategy, intensity => Intensity, period => ?PERIOD, auto_shutdown => AutoShutdown},
    Specs = [spec(Child, Strategy) || Child <- Children],
    tsup:start_link(fun() -> scn:inc(Id), {ok, {Flags, Specs}} end).

spec({sup, Id, Restart, Significant, Flags, Children}, _) ->
    #{id => Id, start => {?MODULE, start_sup, [Id, Flags, Children]}, restart => Restart,
        significant => Significant, type => supervisor};
spec({kid, Id, Restart, Shutdown, Significant, Options}, Strategy) ->
    Args = case Strategy of simple_one_for_one -> [Options]; _ -> [Options, Id] end,
    #{id => Id, start => {?MODULE, start_kid, Args}, restart => Restart, shutdown => Shutdown,
        significant => Significant}.

start_kid({Trap, Starts, Slow}, Id) ->
    Init = fun(N) -> case length(Starts) >= N of true -> lists:nth(N, Starts); false -> ok end end,
    Options = #{trap => Trap, init => Init},
    kid:start_link(Id, case Slow of 0 -> Options; _ -> Options#{slow => Slow} end).

%% What a child of a simple_one_for_one supervisor is called, which has no id: nothing promises the order of their ends.
name(Id) -> list_to_atom(atom_to_list(Id) ++ "s").

%% The ids of the supervisors that are simple_one_for_one.
simple({sup, Id, _, _, {Strategy, _, _}, Children}) ->
    [Id || Strategy =:= simple_one_for_one] ++ lists:append([simple(Child) || Child <- Children]);
simple(_) -> [].

step(N, Step, Root, Simple) ->
    case tree(Root) of
        down -> ok;
        Tree ->
            scn:log("~b ~s", [N, scn:fmt(Step)]),
            Result = perform(Step, Tree, Simple),
            scn:log("  -> ~s, ~s", [shape(tree(Root)), scn:fmt(Result)])
    end.

perform({die, SupId, Ends}, Tree, _) ->
    with(SupId, Tree, fun(Sup, Children) ->
        sys:suspend(Sup),
        Done = [die(Id, Reason, Children) || {Id, Reason} <- Ends],
        sys:resume(Sup),
        Done
    end);
perform({start_child, SupId, {kid, Id, _, _, _, _} = Child}, Tree, Simple) ->
    with(SupId, Tree, fun(Sup, _) ->
        IsSimple = lists:member(SupId, Simple),
        What = case IsSimple of true -> [name(Id)]; false -> spec(Child, one_for_one) end,
        without_functions(supervisor:start_child(Sup, What))
    end);
perform({which_children, SupId}, Tree, Simple) ->
    with(SupId, Tree, fun(Sup, _) ->
        All = [{Id, Pid, Type} || {Id, Pid, Type, _} <- supervisor:which_children(Sup)],
        case lists:member(SupId, Simple) of true -> sorted(All, fun(Child) -> Child end); false -> All end
    end);
perform({count_children, SupId}, Tree, _) ->
    with(SupId, Tree, fun(Sup, _) -> maps:from_list(supervisor:count_children(Sup)) end);
perform({get_childspec, SupId, Id}, Tree, Simple) ->
    with(SupId, Tree, fun(Sup, Children) ->
        case supervisor:get_childspec(Sup, id(Id, SupId, Children, Simple)) of
            {ok, Spec} -> {ok, maps:with([id, restart, shutdown, significant, type], Spec)};
            Error -> Error
        end
    end);
perform({Request, SupId, Id}, Tree, Simple) ->
    with(SupId, Tree, fun(Sup, Children) ->
        without_functions(supervisor:Request(Sup, id(Id, SupId, Children, Simple)))
    end).

with(SupId, Tree, Fun) ->
    case find(SupId, Tree) of
        {Sup, Children} -> try Fun(Sup, Children) catch exit:_ -> ended end;
        none -> no_supervisor
    end.

%% A child of a simple_one_for_one supervisor is named by its pid.
id(Id, SupId, Children, Simple) ->
    case lists:member(SupId, Simple) andalso lists:keyfind(Id, 1, Children) of
        {Id, Pid, _} when is_pid(Pid) -> Pid;
        _ -> Id
    end.

%% A failure has the child's record, in which functions and modules are others in TypeScript.
without_functions({error, {Reason, {child, Pid, Id, _, Restart, Significant, Shutdown, Type, _}}}) ->
    {error, {Reason, {child, Pid, Id, Restart, Significant, Shutdown, Type}}};
without_functions({error, {bad_combination, [One, Other]}}) -> {error, {bad_combination, {One, Other}}};
without_functions(Result) -> Result.

die(Id, Reason, Children) ->
    case lists:keyfind(Id, 1, Children) of
        {Id, Pid, none} when is_pid(Pid) -> kid:die(Pid, Reason);
        {Id, _, {Pid, _}} -> gen_server:stop(Pid, Reason, infinity);
        _ -> absent
    end.

%% {Pid, Children} of a supervisor, a child being {Id, Pid | undefined, none | its own tree}. It is asked for until
%% nothing is being restarted, and no supervisor ends meanwhile.
tree(Root) ->
    case is_process_alive(Root) of
        false -> down;
        true -> case tree_of(Root) of unsettled -> tree(Root); Tree -> Tree end
    end.

tree_of(Sup) ->
    try supervisor:which_children(Sup) of
        Children ->
            Found = [child(Child) || Child <- lists:reverse(Children)],
            case lists:member(unsettled, Found) of true -> unsettled; false -> {Sup, in_order(Found, Children)} end
    catch
        exit:_ -> unsettled
    end.

child({_, restarting, _, _}) -> unsettled;
child({Id, Pid, supervisor, _}) when is_pid(Pid) ->
    case tree_of(Pid) of unsettled -> unsettled; Tree -> {Id, Pid, Tree} end;
child({undefined, Pid, worker, _}) ->
    [Id, _] = string:split(atom_to_list(scn:who(Pid)), "s#"),
    {list_to_atom(Id), Pid, none};
child({Id, Pid, _, _}) -> {Id, Pid, none}.

%% Those of simple_one_for_one have neither ids nor an order.
in_order(Found, [{undefined, _, _, _} | _]) -> sorted(Found, fun({_, Pid, _}) -> Pid end);
in_order(Found, _) -> Found.

%% In the order of how they are printed.
sorted(Terms, By) -> lists:sort(fun(A, B) -> scn:fmt(By(A)) =< scn:fmt(By(B)) end, Terms).

find(Id, {Root, Children}) when Id =:= root -> {Root, Children};
find(Id, {_, Children}) ->
    case [Found || {Other, _, {_, _} = Tree} <- Children, (Found = find_in(Id, Other, Tree)) =/= none] of
        [Found | _] -> Found;
        [] -> none
    end.

find_in(Id, Id, Tree) -> Tree;
find_in(Id, _, Tree) -> find(Id, Tree).

shape(down) -> "down";
shape({Sup, Children}) -> [scn:fmt(Sup), "(", lists:join(" ", [shape_of(Child) || Child <- Children]), ")"].

shape_of({_, _, {_, _} = Tree}) -> shape(Tree);
shape_of({_, Pid, none}) when is_pid(Pid) -> scn:fmt(Pid);
shape_of({Id, undefined, none}) -> [atom_to_list(Id), " stopped"].
