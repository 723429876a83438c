#!/usr/bin/env bash
# A Pushgateway takes a gauge histogram, and its text page ends there with status 200.
#
# Prometheus Pushgateway 1.5.1. A gauge histogram is a type of the protobuf format, and a push of one is
# answered 200. The JSON API shows it, and the protobuf of /metrics is whole. The text of /metrics ends
# in the middle of the line that tells the type: families that come later are missing, for all groups,
# and with them the Pushgateway's own ones. 1.4.0 and 1.11.0 do the same (1.4.0 shows the type in JSON
# as "5"); 1.11.2 shows it as a histogram, and the whole page.
#
# Seen: 200 / shown in JSON / page 200 / the page ends in `# TYPE g_hist` / zzz is missing / in protobuf
set -euo pipefail

version=1.5.1-2+b5 # of Debian 12
work=$(mktemp -d)
pid=
trap 'if [ -n "$pid" ]; then kill "$pid"; fi; rm -rf "$work"' EXIT
(cd "$work" && apt-get download -q "prometheus-pushgateway=$version" >/dev/null && dpkg -x ./*.deb .)
port=19091
"$work/usr/bin/prometheus-pushgateway" --web.listen-address="127.0.0.1:$port" --persistence.file= 2>"$work/log" &
pid=$!
url=http://127.0.0.1:$port
for _ in $(seq 100); do curl -sf "$url/-/healthy" >/dev/null && break; sleep 0.1; done
expect() { # what, expected, found
  echo "$1: $3"
  if [ "$2" != "$3" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}
type='application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited'

echo 'zzz 1' | curl -s --data-binary @- "$url/metrics/job/other"
# The family g_hist of type 5 with one metric: 3 samples, whose sum is 2.
status=$(printf '\031\012\006g_hist\030\005\042\015\072\013\010\003\021\000\000\000\000\000\000\000\100' |
  curl -s -o /dev/null -w '%{http_code}' --data-binary @- -H "Content-Type: $type" "$url/metrics/job/a")
expect "the push of a gauge histogram is answered" 200 "$status"
expect "answers of the JSON API that show its type" 1 \
  "$(curl -s "$url/api/v1/metrics" | grep -c '"type":"GAUGE_HISTOGRAM"' || true)"
expect "the text page is answered" 200 "$(curl -s -o "$work/page" -w '%{http_code}' "$url/metrics")"
expect "the last line of the page" "# TYPE g_hist" "$(tail -n 1 "$work/page")"
expect "lines of the page of another group's metric" 0 "$(grep -c '^zzz' "$work/page" || true)"
expect "answers in protobuf that have it" 1 \
  "$(curl -s -H "Accept: $type" "$url/metrics" | grep -ac 'zzz' || true)"
