#!/usr/bin/env bash
# Deno.resolveDns throws NotFound for a server that fails, as for a name that does not exist.
#
# Deno 2.9.6; 2.7.11 does the same. A server that answers SERVFAIL (it cannot load the zone) or REFUSED
# (the zone is none of its own) knows nothing of the name, so this is no "no records found". node:dns
# stands on it: ENOTFOUND for all four.
#
# Seen: NXDOMAIN, no such record, SERVFAIL and REFUSED: NotFound, "no records found for Query …"
set -euo pipefail

version=4.6.1-1 # of Debian 12
work=$(mktemp -d)
pid=
trap 'if [ -n "$pid" ]; then kill "$pid"; wait "$pid" || true; fi; rm -rf "$work"' EXIT
cd "$work"
apt-get download -q "nsd=$version" libfstrm0 libprotobuf-c1 >/dev/null
for deb in ./*.deb; do dpkg -x "$deb" .; done
LD_LIBRARY_PATH=$(dirname "$(find "$work/usr/lib" -name 'libfstrm.so*' | head -n 1)")
export LD_LIBRARY_PATH
port=19053
printf '$ORIGIN test.\n@ 5 IN SOA ns admin 1 5 5 5 5\n@ 5 IN NS ns\nns 5 IN A 127.0.0.1\n' >test.zone
cat >nsd.conf <<EOF
server:
  ip-address: 127.0.0.1@$port
  username: ""
  chroot: ""
  zonesdir: "$work"
  database: ""
  pidfile: "$work/pid"
  xfrdfile: "$work/xfrd.state"
  xfrdir: "$work"
  zonelistfile: "$work/zones"
remote-control:
  control-enable: no
zone:
  name: "test"
  zonefile: "test.zone"
zone:
  name: "broken"
  zonefile: "no-such-file"
EOF
usr/sbin/nsd -d -c nsd.conf 2>log &
pid=$!
for _ in $(seq 100); do grep -q "nsd started" log && break; sleep 0.1; done
cat >ask.ts <<EOF
const nameServer = { ipAddr: "127.0.0.1", port: $port };
const [name, type] = Deno.args as [string, "A"];
console.log(await Deno.resolveDns(name, type, { nameServer }).then(String, (error) => error.name));
EOF
expect() { # what, expected, found
  echo "$1: $3"
  if [ "$2" != "$3" ]; then echo "expected $2: this has changed" >&2; exit 1; fi
}
ask() { env -u LD_LIBRARY_PATH deno run --allow-net ask.ts "$@"; }
expect "a name that is there" 127.0.0.1 "$(ask ns.test A)"
expect "NXDOMAIN" NotFound "$(ask nowhere.test A)"
expect "no such record" NotFound "$(ask ns.test AAAA)"
expect "SERVFAIL" NotFound "$(ask ns.broken A)"
expect "REFUSED" NotFound "$(ask ns.elsewhere A)"
