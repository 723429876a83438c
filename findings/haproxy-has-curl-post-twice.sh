#!/usr/bin/env bash
# A POST through HAProxy whose connection to the server breaks is sent twice, by curl, which reports one success.
#
# HAProxy 2.6.12 and curl 7.88.1, as Debian 12 has them, with HAProxy's defaults. The server reads a POST whole and
# closes the connection without an answer. If the client has just connected, HAProxy answers 502, and the server has
# seen the POST once. If the connections to both sides were in use before, HAProxy answers nothing and closes the
# client's, and curl takes that for a connection that was closed while it was idle: it connects anew and sends the
# same POST again. The server has seen it twice, and curl exits 0.
#
# Seen: fresh: 502, arrived 1 / kept: 200 200, exit code 0, arrived 2
set -euo pipefail

haproxy=2.6.12-* # both of Debian 12
curl=7.88.1-*
export no_proxy=127.0.0.1
work=$(mktemp -d)
pids=()
trap '[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}"; rm -rf "$work"' EXIT
cd "$work"
for package in haproxy="$haproxy" curl="$curl" libcurl4="$curl" liblua5.3-0 libopentracing-c-wrapper0 \
  libopentracing1; do
  apt-get download -q "$package" >/dev/null
done
for deb in ./*.deb; do dpkg -x "$deb" .; done
libraries=("$work"/usr/lib/*-linux-gnu)
with_libraries() { LD_LIBRARY_PATH=${libraries[0]} "$@"; }
cat >server.py <<'PY'
import collections, http.server

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    arrived = collections.Counter()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.arrived[self.path] += 1
        if self.path.startswith("/broken") and self.arrived[self.path] == 1:
            self.close_connection = True
            return
        self.do_GET()

    def do_GET(self):
        body = str(self.arrived[self.path.replace("/count", "/broken")]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
python3 server.py >address 2>/dev/null &
pids+=($!)
for _ in $(seq 100); do [ -s address ] && break; sleep 0.1; done
port=19091
cat >config <<EOF
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
listen all
  bind 127.0.0.1:$port
  server one 127.0.0.1:$(cat address)
EOF
env LD_LIBRARY_PATH="${libraries[0]}" ./usr/sbin/haproxy -db -f config 2>log &
pids+=($!)
url=http://127.0.0.1:$port
for _ in $(seq 100); do with_libraries ./usr/bin/curl -sf -o body "$url/ready" && break; sleep 0.1; done
expect() { # what, expected, found
  echo "$1: $3"
  if [ "$2" != "$3" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}
expect "versions" "2.6.12 7.88.1" \
  "$(with_libraries ./usr/sbin/haproxy -v | sed -n 's/^HAProxy version \([0-9.]*\).*/\1/p') $(
    with_libraries ./usr/bin/curl --version | sed -n 's/^curl \([0-9.]*\).*/\1/p')"
post() { echo "--silent --noproxy * --output body --write-out %{http_code}\n --data pushed $1"; }
set -o noglob

status=$(with_libraries ./usr/bin/curl $(post "$url/broken-fresh"))
expect "a POST over a fresh connection is answered" 502 "$status"
expect "it arrived" 1 "$(curl -s "$url/count-fresh")"
code=0
statuses=$(with_libraries ./usr/bin/curl $(post "$url/whole") --next $(post "$url/broken-kept") | xargs) || code=$?
expect "a POST over kept connections, behind another one, is answered" "200 200" "$statuses"
expect "the exit code of curl" 0 "$code"
expect "it arrived" 2 "$(curl -s "$url/count-kept")"
