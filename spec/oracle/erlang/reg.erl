%% A registry for {via, reg, Key} with the rules of Elixir's Registry for unique keys: a process registers itself, under
%% as many keys as it likes, and is linked with the registry meanwhile; a dead one is found by nobody and in nobody's way.
-module(reg).
-behaviour(gen_server).
-export([start_link/0, register_name/2, unregister_name/1, whereis_name/1, send/2, keys/1, count/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).
start_link() -> gen_server:start_link({local, reg}, ?MODULE, [], []).
init([]) ->
    process_flag(trap_exit, true),
    ets:new(reg_keys, [named_table, public, set]), ets:new(reg_pids, [named_table, public, duplicate_bag]), {ok, none}.
handle_call(_, _, S) -> {reply, ok, S}.
handle_cast(_, S) -> {noreply, S}.
handle_info({'EXIT', Pid, _}, S) -> [ets:delete_object(reg_keys, {Key, Pid}) || {_, Key} <- ets:take(reg_pids, Pid)], {noreply, S}.

%% First the table by pid, so that what is in the other one is always cleaned up.
register_name(Key, Pid) when Pid =:= self() ->
    link(whereis(reg)), ets:insert(reg_pids, {Pid, Key}),
    case claim(Key, Pid) of
        {taken, Pid} -> no;
        {taken, _} -> ets:delete_object(reg_pids, {Pid, Key}), unlink_if_unregistered(), no;
        yes -> yes
    end.
claim(Key, Pid) ->
    case ets:insert_new(reg_keys, {Key, Pid}) of
        true -> yes;
        false -> case ets:lookup(reg_keys, Key) of
                     [{_, Other} = Entry] -> case is_process_alive(Other) of
                                                 true -> {taken, Other};
                                                 false -> ets:delete_object(reg_keys, Entry), claim(Key, Pid)
                                             end;
                     [] -> claim(Key, Pid)
                 end
    end.
unregister_name(Key) ->
    ets:delete_object(reg_keys, {Key, self()}), ets:delete_object(reg_pids, {self(), Key}), unlink_if_unregistered(), ok.
unlink_if_unregistered() -> ets:member(reg_pids, self()) orelse unlink(whereis(reg)).
whereis_name(Key) ->
    case ets:lookup(reg_keys, Key) of
        [{_, Pid}] -> case is_process_alive(Pid) of true -> Pid; false -> undefined end;
        [] -> undefined
    end.
send(Key, Message) -> case whereis_name(Key) of undefined -> error(badarg, [Key, Message]); Pid -> Pid ! Message, Pid end.
keys(Pid) -> lists:usort([Key || {_, Key} <- ets:lookup(reg_pids, Pid)]).
count() -> length([Key || {Key, Pid} <- ets:tab2list(reg_keys), is_process_alive(Pid)]).
