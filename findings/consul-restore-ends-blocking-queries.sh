#!/usr/bin/env bash
# A blocking query that waits while Consul is restored from a snapshot returns what was there before, at once.
#
# Consul 1.8.7. A client waits for news of a key that the snapshot lacks. The restore ends its query
# with the old value and the index that it had asked with, as if the wait were over. The next query with
# this index waits although the key is gone, because the restored index is below it. If the wait runs
# out, the index of the answer has gone back. If something is written before that, it has not. A client
# that looks for an index that goes back learns of the restore late or not at all. A query without an
# index shows it at once.
#
# Seen: 200 with the old value and the same index; then nothing for 3 s; without an index: 404
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
consul=$(cd "$root" && npx -y deno@2.9.6 run -A tools/components.ts consul | cut -f2)
work=$(mktemp -d)
pids=
trap 'kill $pids; rm -rf "$work"' EXIT
port=18510
"$consul" agent -dev -http-port=$port -dns-port=-1 -grpc-port=-1 -server-port=18512 \
  -serf-lan-port=18513 -serf-wan-port=18514 >"$work/log" 2>&1 &
pids=$!
url=http://127.0.0.1:$port/v1
for _ in $(seq 100); do curl -sf "$url/catalog/nodes" | grep -q Node && break; sleep 0.1; done
index() { tr -d '\r' <"$1" | awk 'tolower($1) == "x-consul-index:" { print $2 }'; }
expect() { # what, expected, found
  echo "$1: $3"
  if [ "$2" != "$3" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}

curl -sf -o "$work/snapshot" "$url/snapshot"
curl -sf -X PUT --data old "$url/kv/some/key" >/dev/null
curl -sf -D "$work/first" "$url/kv/some/key?raw" >/dev/null
before=$(index "$work/first")

(curl -s -D "$work/head" -o "$work/body" "$url/kv/some/key?raw&wait=60s&index=$before"; touch "$work/ended") &
sleep 1
curl -sf -X PUT --data-binary @"$work/snapshot" "$url/snapshot"
for _ in $(seq 50); do [ -e "$work/ended" ] && break; sleep 0.1; done
expect "the query that waited" "old" "$(cat "$work/body")"
expect "its index is the one that it asked with" "$before" "$(index "$work/head")"
code=$(curl -s -m 3 -o "$work/rest" -w '%{http_code}' "$url/kv/some/key?raw&wait=60s&index=$before" || true)
expect "the next one, within 3 s" "000" "$code"
code=$(curl -s -o "$work/rest" -w '%{http_code}' "$url/kv/some/key?raw")
expect "without an index" "404" "$code"
