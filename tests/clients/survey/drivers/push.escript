#!/usr/bin/env escript
%% Pushes once with Erlang's httpc: LIBRARY METHOD URL BODY FILE. BODY says how the content of FILE is given
%% to it. Prints the status or the error that its caller sees.

main([_, Method, Url, _, Path | _]) ->
    {ok, Body} = file:read_file(Path),
    {ok, _} = application:ensure_all_started(inets),
    Name = list_to_atom(string:lowercase(Method)),
    case httpc:request(Name, {Url, [], "text/plain", Body}, [], []) of
        {ok, {{_, Status, _}, _, _}} -> io:format("status ~b~n", [Status]);
        {error, Reason} -> io:format("error ~0p~n", [Reason])
    end.
