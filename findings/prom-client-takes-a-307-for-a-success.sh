#!/usr/bin/env bash
# prom-client resolves a push that was answered with a 307, which it does not follow, and rejects a 400.
#
# prom-client 15.1.3, under Node.js. push() and pushAdd() reject from status 400 on only. A 307 is neither
# followed nor an error: the promise resolves, and nothing was pushed. Only the status of the resolved response
# tells it. The push goes out in chunks, without a Content-Length and without a User-Agent.
#
# Seen: 307: resolved with 307, pushes at the other address 0, chunked, no User-Agent / 400: rejected
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund prom-client@15.1.3
cat >push.mjs <<'JS'
import http from "node:http";
import { Gauge, Pushgateway, Registry } from "prom-client";

const listen = async (handler) => {
  const server = http.createServer((request, response) => {
    request.resume().on("end", () => handler(request, response));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}` };
};
let followed = 0;
let headers = {};
const other = await listen((_, response) => {
  followed++;
  response.end();
});
const first = await listen((request, response) => {
  headers = request.headers;
  const status = request.url.endsWith("bad") ? 400 : 307;
  response.writeHead(status, { location: other.url + request.url }).end();
});
const registry = new Registry();
new Gauge({ name: "pushed", help: "A gauge.", registers: [registry] }).set(1);
const gateway = new Pushgateway(first.url, {}, registry);
const push = (jobName) =>
  gateway.push({ jobName }).then(({ resp }) => `resolved with ${resp.statusCode}`, () => "rejected");
console.log(await push("good"));
console.log(followed);
console.log(headers["transfer-encoding"], headers["content-length"], headers["user-agent"]);
console.log(await push("bad"));
process.exit();
JS
node push.mjs >seen
expect() { # what, expected, line of what was seen
  local found
  found=$(sed -n "$3p" seen)
  echo "$1: $found"
  if [ "$2" != "$found" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}
expect "a push that is answered with a 307" "resolved with 307" 1
expect "pushes at the other address" 0 2
expect "its framing, length and User-Agent" "chunked undefined undefined" 3
expect "a push that is answered with a 400" rejected 4
