#!/usr/bin/env bash
# The HTTPS client of node:https in Deno 2.7 ignores rejectUnauthorized: false, and the error does not say
# why the connection failed. Plain HTTP over a connection of node:tls honours it.
#
# Deno 2.7.11, from npm. Node and Deno 2.9 honour it with node:https, too.
#
# Seen: https, the certificate's authority: ok / https, rejectUnauthorized false: connection error /
#       tls, rejectUnauthorized false: ok
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund deno@2.7.11 >/dev/null
new=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${new[@]}" -subj /CN=ca -keyout ca.key -out ca.pem 2>/dev/null
openssl req "${new[@]}" -subj /CN=server -keyout server.key -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
  -extfile <(echo subjectAltName=IP:127.0.0.1) -out server.pem 2>/dev/null
cat >ask.ts <<'TS'
import http from "node:http";
import https from "node:https";
import tls from "node:tls";
const read = (name: string) => Deno.readTextFileSync(name);
const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, cert: read("server.pem"), key: read("server.key"), onListen() {} },
  () => new Response("ok"),
);
const { port } = server.addr;
const [way, options] = [Deno.args[0], JSON.parse(Deno.args[1])];
if (options.ca) options.ca = read(options.ca);
const plain = new http.Agent();
Object.assign(plain, { createConnection: () => tls.connect({ host: "127.0.0.1", port, ...options }) });
const agent = way === "tls" ? plain : new https.Agent(options);
const { get } = way === "tls" ? http : https;
const found = await new Promise((resolve) => {
  const request = get({ hostname: "127.0.0.1", port, agent }, () => resolve("ok"));
  request.on("error", ({ message }) => resolve(message));
});
console.log(found);
Deno.exit(0);
TS
ask() { npx deno run -A ask.ts "$@"; }
expect() { # what, expected, way, options
  found=$(ask "$3" "$4")
  echo "$1: $found"
  if [ "$2" != "$found" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}

expect "https, the certificate's authority" ok https '{"ca":"ca.pem"}'
expect "https, rejectUnauthorized false" "connection error" https '{"rejectUnauthorized":false}'
expect "tls, rejectUnauthorized false" ok tls '{"rejectUnauthorized":false}'
