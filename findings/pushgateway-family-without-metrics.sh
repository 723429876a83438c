#!/usr/bin/env bash
# A Pushgateway keeps a metric family that has no metrics, and shows it in its JSON API alone.
#
# Prometheus Pushgateway 1.5.1. A push in protobuf may carry a family with a name and a type and not
# one metric. It is answered 200, and the family becomes part of the group: `/api/v1/metrics` lists it
# with "metrics": [], while `/metrics` has no line of it. A later POST leaves it where it is; a PUT of
# the group takes it away. The text format cannot carry such a family: one with nothing but its TYPE
# line is dropped.
#
# Seen: 200 / listed / not exposed / listed after a POST / gone after a PUT / dropped from text
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
kept() { curl -s "$url/api/v1/metrics" | grep -c '"kept_family"' || true; }

status=$(printf '\017\012\013kept_family\030\003' | curl -s -o /dev/null -w '%{http_code}' --data-binary @- \
  -H 'Content-Type: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited' \
  "$url/metrics/job/a")
expect "the push of a family without metrics is answered" 200 "$status"
expect "answers of the JSON API that list it" 1 "$(kept)"
expect "lines of /metrics that name it" 0 "$(curl -s "$url/metrics" | grep -c kept_family || true)"
echo 'm 1' | curl -s --data-binary @- "$url/metrics/job/a"
expect "answers of the JSON API that list it after a POST" 1 "$(kept)"
echo 'm 1' | curl -s -X PUT --data-binary @- "$url/metrics/job/a"
expect "answers of the JSON API that list it after a PUT" 0 "$(kept)"
printf '# TYPE kept_family untyped\nm 1\n' | curl -s -X PUT --data-binary @- "$url/metrics/job/a"
expect "answers of the JSON API that list one pushed as text" 0 "$(kept)"
