#!/usr/bin/env bash
# Deno 2.7 ends as a whole where a TLS client is given a certificate and the key of another one.
#
# Deno 2.7.11, by Deno.createHttpClient; node:tls and node:https do the same. Nothing can be caught: the
# process panics ("invalid client key or certificate"). So it does with a key of a kind that its TLS does
# not know. Deno 2.9.6 throws an error.
#
# Seen: deno 2.7.11: panicked / deno 2.9.6: caught
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for name in a b; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
    -keyout $name.key -out $name.pem 2>/dev/null
done
cat >client.ts <<'TS'
const [cert, key] = ["a.pem", "b.key"].map((file) => Deno.readTextFileSync(file));
try {
  Deno.createHttpClient({ cert, key });
} catch {
  console.log("caught");
}
TS
expect() { # version, expected
  found=$(npx -y "deno@$1" run --allow-read client.ts 2>&1 | grep -om1 'panicked\|caught' || true)
  echo "deno $1: $found"
  if [ "$2" != "$found" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}

expect 2.7.11 panicked
expect 2.9.6 caught
