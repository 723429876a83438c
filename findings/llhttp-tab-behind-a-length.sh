#!/usr/bin/env bash
# llhttp refuses a request whose Content-Length has a tab behind its number, though it takes tabs around
# every other value, spaces around this one, and a tab before it.
#
# llhttp as undici 8.13.1 ships it (WebAssembly). RFC 9110, 5.5 and 5.6.3, has the white space around a
# value as optional: spaces and tabs, and no part of the value. Go's net/http takes both.
#
# Seen: tabs around another value: HPE_OK / spaces around the length: HPE_OK /
#       a tab before the length: HPE_OK / behind it: HPE_INVALID_CONTENT_LENGTH
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund undici@8.13.1 >/dev/null
cat >parse.cjs <<'EOF'
const wasm = new WebAssembly.Module(require("undici/lib/llhttp/llhttp-wasm.js"));
const go = () => 0;
const names = ["message_begin", "url", "status", "header_field", "header_value", "headers_complete"];
const env = Object.fromEntries([...names, "body", "message_complete"].map((n) => [`wasm_on_${n}`, go]));
const llhttp = new WebAssembly.Instance(wasm, { env }).exports;
llhttp._initialize();
const head = process.argv[2].replaceAll("TAB", "\t");
const request = Buffer.from(`PUT / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n12345`);
const at = llhttp.malloc(request.length);
new Uint8Array(llhttp.memory.buffer).set(request, at);
const errno = llhttp.llhttp_execute(llhttp.llhttp_alloc(1), at, request.length);
const memory = Buffer.from(llhttp.memory.buffer);
const name = llhttp.llhttp_errno_name(errno);
console.log(memory.toString("latin1", name, memory.indexOf(0, name)));
EOF
expect() { # what, expected, fields
  found=$(node parse.cjs "$3")
  echo "$1: $found"
  if [ "$2" != "$found" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}

expect "tabs around another value" HPE_OK $'X-A:TAB5TAB\r\nContent-Length: 5'
expect "spaces around the length" HPE_OK 'Content-Length:  5  '
expect "a tab before the length" HPE_OK 'Content-Length:TAB5'
expect "a tab behind the length" HPE_INVALID_CONTENT_LENGTH 'Content-Length: 5TAB'
