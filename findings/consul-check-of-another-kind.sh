#!/usr/bin/env bash
# Consul goes on with the former check of a service that is registered again with a check of another kind.
#
# Consul 1.8.7. A service has an HTTP check that fails, and is registered once more with a TCP check that
# passes. The agent lists one check, of the kind `tcp`; but both run under its ID, and it is passing and
# critical by turns. A check of the same kind is replaced as one would expect.
#
# Seen: the agent lists tcp / passing / and critical by the HTTP check, within the same seconds
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
consul=$(cd "$root" && npx -y deno@2.9.6 run -A tools/components.ts consul | cut -f2)
work=$(mktemp -d)
pids=
trap 'kill $pids; rm -rf "$work"' EXIT
port=18500 member=18501
"$consul" agent -dev -http-port=$port -dns-port=-1 -grpc-port=-1 -server-port=18502 \
  -serf-lan-port=18503 -serf-wan-port=18504 >"$work/log" 2>&1 &
pids=$!
(cd "$work" && exec python3 -m http.server --bind 127.0.0.1 $member) >/dev/null 2>&1 &
pids="$pids $!"
url=http://127.0.0.1:$port/v1/agent
for _ in $(seq 100); do curl -sf "$url/self" >/dev/null && break; sleep 0.1; done
register() {
  curl -sf -X PUT --data "{\"ID\": \"x\", \"Name\": \"x\", \"Address\": \"127.0.0.1\", \"Port\": $member,
    \"Check\": {$1, \"Interval\": \"1s\"}}" "$url/service/register"
}
expect() { # what, pattern, found
  echo "$1: $(grep -om1 "$2" <<<"$3" || echo "not found")"
  if ! grep -q "$2" <<<"$3"; then echo "expected $2: this has changed" >&2; exit 1; fi
}

register "\"HTTP\": \"http://127.0.0.1:$member/no-such-page\""
sleep 2
register "\"TCP\": \"127.0.0.1:$member\""
sleep 2
seen=
for _ in $(seq 40); do seen="$seen$(curl -sf "$url/checks")"; sleep 0.1; done
expect "the kind" '"Type": *"tcp"' "$seen"
expect "by the TCP check" 'TCP connect[^"]*Success' "$seen"
expect "by the HTTP check, which was replaced" 'HTTP GET[^"]*404' "$seen"
