-- PUTs of a small body to a few thousand groups, one after the other; with an argument, that many
-- a second. The last line of the output is JSON for bench/wrk.ts.

local ffi = require("ffi")

local GROUPS = 4000
local BODY = "backup_last_success 1\n"

local requests = {}
local next_request = 0

function init(args)
  for i = 1, GROUPS do
    local path = string.format("/metrics/job/backup-%d/env/production/instance/host-%d", i % 50, i)
    requests[i] = wrk.format("PUT", path, { ["Content-Type"] = "text/plain" }, BODY)
  end
  if args[1] then pace(tonumber(args[1])) end
end

-- Gives each request its place in one timetable, whichever connection is free for it: one that
-- waits for an answer holds up no other, and what has become late is caught up with.
function pace(rate)
  ffi.cdef("typedef struct { long s, ns; } timespec_t; int clock_gettime(int, timespec_t *);")
  local monotonic = 1
  local clock = ffi.new("timespec_t")
  local due

  -- wrk asks before each request how many milliseconds it shall wait.
  function delay()
    ffi.C.clock_gettime(monotonic, clock)
    local now = tonumber(clock.s) * 1e3 + tonumber(clock.ns) / 1e6
    due = due and due + 1e3 / rate or now
    return math.max(0, math.floor(due - now + 0.5))
  end
end

function request()
  next_request = next_request % GROUPS + 1
  return requests[next_request]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"failed":%d,"microseconds":%d,"p50Microseconds":%d,"p99Microseconds":%d}\n',
    summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    summary.duration,
    latency:percentile(50),
    latency:percentile(99)
  ))
end
