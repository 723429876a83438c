#!/usr/bin/env bash
# wget2 exits 0 when a Pushgateway refuses a push with 400; wget exits 8.
#
# wget2 1.99.1, Wget 1.21.3, Prometheus Pushgateway 1.5.1. A push whose samples have timestamps is well-formed, and
# a Pushgateway answers it with 400 and the reason. With -nv wget says so, and exits 8. wget2, which takes the place
# of wget on some systems, says nothing and exits 0, as for a push that was taken. Without -nv it says so on its
# standard error, and exits 0 as well. Only the group tells that nothing was pushed.
#
# Seen: taken: wget2 0 / refused: wget 8, says 400; wget2 0, says nothing; samples of the group 0
set -euo pipefail

wget2=1.99.1-2.2 # all of Debian 12
wget=1.21.3-1*
pushgateway=1.5.1-2+b5
export no_proxy=127.0.0.1
work=$(mktemp -d)
pid=
trap 'if [ -n "$pid" ]; then kill "$pid"; fi; rm -rf "$work"' EXIT
cd "$work"
for package in wget2="$wget2" libwget0="$wget2" libgpgme11 libassuan0 wget="$wget" \
  prometheus-pushgateway="$pushgateway"; do
  apt-get download -q "$package" >/dev/null
done
for deb in ./*.deb; do dpkg -x "$deb" .; done
libraries=("$work"/usr/lib/*-linux-gnu "$work/usr/lib")
export LD_LIBRARY_PATH=${libraries[0]}:${libraries[1]}
port=19091
./usr/bin/prometheus-pushgateway --web.listen-address="127.0.0.1:$port" --persistence.file= 2>log &
pid=$!
url=http://127.0.0.1:$port
for _ in $(seq 100); do curl -sf "$url/-/healthy" >/dev/null && break; sleep 0.1; done
expect() { # what, expected, found
  echo "$1: $3"
  if [ "$2" != "$3" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}
push() { # program, job, line
  code=0
  "./usr/bin/$1" -nv -O - --post-data="$3
" "$url/metrics/job/$2" >said 2>&1 || code=$?
}
version() { "./usr/bin/$1" --version | sed -n '1s/^GNU Wget2\{0,1\} \([0-9.]*[0-9]\).*/\1/p'; }
groups() { curl -s "$url/metrics" | grep -c "^pushed{.*job=\"$1\"" || true; }
expect "versions" "1.21.3 1.99.1" "$(version wget) $(version wget2)"

push wget2 good 'pushed 1'
expect "wget2 with a push that is taken ends with" 0 "$code"
expect "samples of its group" 1 "$(groups good)"
refused='pushed 1 1700000000000'
push wget bad "$refused"
expect "wget with one that is refused ends with" 8 "$code"
expect "times that it says 400" 1 "$(grep -c 'ERROR 400' said)"
push wget2 bad "$refused"
expect "wget2 with the same ends with" 0 "$code"
expect "what it says" "" "$(cat said)"
expect "samples of their group" 0 "$(groups bad)"
