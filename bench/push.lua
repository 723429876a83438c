-- PUTs of a small body to a few thousand groups, one after the other. The last line of the output
-- is JSON for bench/wrk.ts.

local GROUPS = 4000
local BODY = "backup_last_success 1\n"

local requests = {}
local next_request = 0

function init()
  for i = 1, GROUPS do
    local path = string.format("/metrics/job/backup-%d/env/production/instance/host-%d", i % 50, i)
    requests[i] = wrk.format("PUT", path, { ["Content-Type"] = "text/plain" }, BODY)
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
