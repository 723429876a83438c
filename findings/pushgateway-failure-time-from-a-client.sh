#!/usr/bin/env bash
# A client may set push_failure_time_seconds of a group, but not push_time_seconds, and only of a group
# that is there already.
#
# Prometheus Pushgateway 1.5.1. Both are metrics that the Pushgateway adds to each group by itself. A
# pushed push_time_seconds is replaced by the time of the push, as one would expect. A pushed
# push_failure_time_seconds is kept, though no push has failed, so a copy of a group can have the
# failure time of the original. In the push that begins a group it is overwritten by 0; in a second one
# it stays.
#
# Seen: 0 after the first push / 1700000000 after the second / the push time is that of the push
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
push() {
  printf '# TYPE push_failure_time_seconds gauge\npush_failure_time_seconds 1700000000\n# TYPE push_time_seconds gauge\npush_time_seconds 1600000000\nm 1\n' |
    curl -s --data-binary @- "$url/metrics/job/a"
}
value() { curl -s "$url/metrics" | awk -v name="^$1{" '$0 ~ name { printf "%.0f", $2 }'; }

push
expect "the failure time after the push that begins the group" 0 "$(value push_failure_time_seconds)"
push
expect "the failure time after the second push" 1700000000 "$(value push_failure_time_seconds)"
expect "whether the push time is the pushed one" no \
  "$([ "$(value push_time_seconds)" = 1600000000 ] && echo yes || echo no)"
