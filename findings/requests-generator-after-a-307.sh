#!/usr/bin/env bash
# requests follows a 307 without the body where that came from a generator, and a Pushgateway empties the group.
#
# Python requests 2.28.1 with urllib3 1.26.12, Prometheus Pushgateway 1.5.1. A PUT with a generator as its
# data goes out in chunks. After a 307 it is sent again to the other address with no chunk but the last: the
# generator is at its end. That is a valid push of nothing, which replaces what the group had, and requests
# returns 200. With the same body as a text the push arrives whole.
#
# Seen: text: 200, samples of the group 1 / generator: 200, samples of the group 0
set -euo pipefail

requests=2.28.1+dfsg-1
pushgateway=1.5.1-2+b5 # both of Debian 12
work=$(mktemp -d)
pids=()
trap '[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}"; rm -rf "$work"' EXIT
cd "$work"
for package in python3-requests="$requests" prometheus-pushgateway="$pushgateway" python3-urllib3 \
  python3-idna python3-certifi python3-chardet python3-six; do
  apt-get download -q "$package" >/dev/null
done
for deb in ./*.deb; do dpkg -x "$deb" .; done
port=19091
./usr/bin/prometheus-pushgateway --web.listen-address="127.0.0.1:$port" --persistence.file= 2>log &
pids+=($!)
export PYTHONPATH="$work/usr/lib/python3/dist-packages" no_proxy=127.0.0.1
cat >redirect.py <<'PY'
import http.server, sys

class Redirect(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        if "Content-Length" in self.headers:
            self.rfile.read(int(self.headers["Content-Length"]))
        else:
            while (size := int(self.rfile.readline(), 16)) > 0:
                self.rfile.read(size + 2)
            self.rfile.readline()
        self.send_response(307)
        self.send_header("Location", "http://127.0.0.1:" + sys.argv[1] + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirect)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
python3 redirect.py "$port" >address &
pids+=($!)
url=http://127.0.0.1:$port
for _ in $(seq 100); do [ -s address ] && curl -sf "$url/-/healthy" >/dev/null && break; sleep 0.1; done
cat >push.py <<'PY'
import sys, requests, urllib3

assert (requests.__version__, urllib3.__version__) == ("2.28.1", "1.26.12")
body = "pushed 1\n"
data = body if sys.argv[2] == "text" else (part.encode() for part in [body])
print(requests.put(sys.argv[1], data=data).status_code)
PY
expect() { # what, expected, found
  echo "$1: $3"
  if [ "$2" != "$3" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}
samples() { curl -s "$url/metrics" | grep -c '^pushed{' || true; }
at="http://127.0.0.1:$(cat address)/metrics/job/a"

expect "a push of a text returns" 200 "$(python3 push.py "$at" text)"
expect "samples of the group" 1 "$(samples)"
expect "a push from a generator returns" 200 "$(python3 push.py "$at" generator)"
expect "samples of the group" 0 "$(samples)"
