#!/usr/bin/env bash
# A push that a Pushgateway refuses begins its group all the same, and the group is scraped.
#
# Prometheus Pushgateway 1.5.1. A push that contradicts another group is answered 400. Where there was
# no such group before, there is one now: it holds nothing but push_time_seconds 0 and the time of the
# failure, and stays until it is deleted. Whoever lists groups has to tell such a shell from a group
# that was pushed.
#
# Seen: 200 / 400 / two groups / push_time_seconds 0 of the second
set -euo pipefail

version=1.5.1-2+b5 # of Debian 12
work=$(mktemp -d)
pid=
trap 'if [ -n "$pid" ]; then kill "$pid"; fi; rm -rf "$work"' EXIT
(cd "$work" && apt-get download -q "prometheus-pushgateway=$version" >/dev/null && dpkg -x ./*.deb .)
port=19091
"$work/usr/bin/prometheus-pushgateway" --web.listen-address="127.0.0.1:$port" 2>"$work/log" &
pid=$!
url=http://127.0.0.1:$port
for _ in $(seq 100); do curl -sf "$url/-/healthy" >/dev/null && break; sleep 0.1; done
expect() { # what, expected, found
  echo "$1: $3"
  if [ "$2" != "$3" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}
push() { printf "$2" | curl -s -o /dev/null -w '%{http_code}' --data-binary @- "$url/metrics/job/$1"; }

expect "the push of a gauge is answered" 200 "$(push a '# TYPE m gauge\nm 1\n')"
expect "the push of a counter of that name to another group is answered" 400 \
  "$(push b '# TYPE m counter\nm 1\n')"
expect "groups that are there" 2 "$(curl -s "$url/metrics" | grep -c '^push_time_seconds{')"
expect "the push time of the second" 0 \
  "$(curl -s "$url/metrics" | awk '/^push_time_seconds.*job="b"/ { print $2 }')"
