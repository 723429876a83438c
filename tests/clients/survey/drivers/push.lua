-- Pushes once with LuaSocket: LIBRARY METHOD URL BODY FILE. BODY says how the content of FILE is given to
-- it. Prints the status or the error that its caller sees.
local http = require("socket.http")
local ltn12 = require("ltn12")

local _, method, url, kind, path = table.unpack(arg)
local file = assert(io.open(path, "rb"))
local request = { method = method, url = url, headers = { ["content-type"] = "text/plain" } }
if kind == "stream" then
  request.source = ltn12.source.file(file)
else
  local text = file:read("*a")
  request.source = ltn12.source.string(text)
  request.headers["content-length"] = #text
end
local done, status = http.request(request)
print(done and "status " .. status or "error " .. status)
