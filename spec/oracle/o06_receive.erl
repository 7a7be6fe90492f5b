%% Selective receive: the earliest message that matches, and the time that is waited for it.
-module(o06_receive).
-export([main/0]).
main() ->
    F = fun(L, X) -> scn:log("~s -> ~s", [L, scn:fmt(X)]) end, Me = self(), Fill = fun(Ms) -> [Me ! M || M <- Ms], ok end,
    scn:log("-- which message"),
    Fill([a, b, c]), F("any", receive X1 -> X1 end), F("the rest", scn:flush()),
    Fill([a, b, c]), F("b", receive b -> b end), F("the rest", scn:flush()),
    Fill([b, a]), F("a clause for a, then one for b", receive a -> first; b -> second end), F("the rest", scn:flush()),
    Fill([{x, 1}, {x, 5}, {x, 3}]), F("a guard", receive {x, N} when N > 2 -> N end), F("the rest", scn:flush()),
    Fill([1, two, 3, "four"]), F("by type", receive A when is_atom(A) -> A end), F("the rest", scn:flush()),
    Fill([a, a, b, a]), F("b", receive b -> b end), F("one a", receive a -> a end), F("the rest", scn:flush()),
    scn:log("-- after"),
    Fill([x]), F("0, none fits", receive y -> y after 0 -> timeout end), F("0, one fits", receive x -> x after 0 -> timeout end), F("0, empty", receive Y -> Y after 0 -> timeout end),
    Fill(lists:seq(1, 1000)), F("0, the last of many", receive 1000 -> found after 0 -> timeout end), F("rest", length(scn:flush())),
    Fill([z, y]), F("0 looks through all of them", receive y -> y after 0 -> timeout end), F("rest", scn:flush()),
    scn:log("-- messages that do not fit do not restart the time"),
    spawn(fun() -> [begin timer:sleep(200), Me ! noise end || _ <- lists:seq(1, 10)], Me ! quiet end), T0 = erlang:monotonic_time(millisecond), F("timeout", receive signal -> signal after 700 -> timeout end), E = erlang:monotonic_time(millisecond) - T0, F("in time", E >= 700 andalso E < 2000), receive quiet -> ok end, F("kept", scn:flush()),
    scn:log("-- one that comes in time, one that comes too late"),
    spawn(fun() -> timer:sleep(50), Me ! soon end), F("soon", receive soon -> soon after 5000 -> timeout end),
    spawn(fun() -> timer:sleep(500), Me ! late, Me ! quiet end), F("late", receive late -> late after 30 -> timeout end), receive quiet -> ok end, F("it is kept", scn:flush()),
    scn:log("-- infinity"), spawn(fun() -> timer:sleep(50), Me ! finally end), F("waits", receive finally -> finally after infinity -> never end),
    scn:log("-- nested"),
    Fill([{outer, 1}, {inner, 2}, {inner, 1}]), F("outer, then its inner", receive {outer, K} -> receive {inner, K} -> {got, K} end end), F("the rest", scn:flush()),
    scn:log("-- a receive in a receive's timeout"), Fill([p, q]), F("q first", receive nothing -> n after 0 -> receive q -> q after 0 -> none end end), F("the rest", scn:flush()),
    scn:log("-- two senders, order of each kept"),
    P = [spawn(fun() -> receive go -> ok end, [Me ! {I, K1} || K1 <- lists:seq(1, 50)] end) || I <- [1, 2]], [Q ! go || Q <- P], scn:settle(), Ms = scn:flush(), F("each in order", [[K2 || {I2, K2} <- Ms, I2 =:= I] =:= lists:seq(1, 50) || I <- [1, 2]]),
    scn:log("-- to itself, while it waits"), self() ! mine, F("mine", receive mine -> mine end), erlang:send_after(20, self(), timed), F("timed", receive timed -> timed after 5000 -> timeout end),
    scn:log("-- bad times"), Neg = -1, F("negative", scn:catching(fun() -> receive never -> x after Neg -> t end end)), At = list_to_atom("soon"), F("an atom", scn:catching(fun() -> receive never -> x after At -> t end end)), Fl = 1.5, F("a float", scn:catching(fun() -> receive never -> x after Fl -> t end end)).
