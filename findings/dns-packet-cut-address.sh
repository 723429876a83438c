#!/usr/bin/env bash
# dns-packet reads an IPv4 address beyond the end of a message: the bytes that are not there become
# "undefined" in its text, and nothing is thrown.
#
# dns-packet 5.6.1 (npm). The last record of an answer is an A record; the message is cut off within its
# four bytes, as by a datagram that was truncated. A cut within a name throws "Cannot decode name".
#
# Seen: whole: 10.0.0.1 / one byte less: 10.0.0.undefined / two: 10.0.undefined.undefined
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund dns-packet@5.6.1 >/dev/null
cat >cut.cjs <<'EOF'
const { decode, encode } = require("dns-packet");
const answers = [{ name: "pg.example", type: "A", ttl: 30, data: "10.0.0.1" }];
const whole = encode({ type: "response", id: 1, questions: [{ name: "pg.example", type: "A" }], answers });
console.log(decode(whole.subarray(0, whole.length - Number(process.argv[2]))).answers[0].data);
EOF
expect() { # what, expected, found
  echo "$1: $3"
  if [ "$2" != "$3" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}
expect "whole" 10.0.0.1 "$(node cut.cjs 0)"
expect "one byte less" 10.0.0.undefined "$(node cut.cjs 1)"
expect "two bytes less" 10.0.undefined.undefined "$(node cut.cjs 2)"
