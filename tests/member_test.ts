import fc from "fast-check";
import assert from "node:assert/strict";
import { parseMember, splitMember } from "../src/member.ts";

const READ: readonly [text: string, port: number | undefined, member: string, why: string][] = [
  ["10.0.0.1", 9091, "10.0.0.1:9091", "an address takes the port of all"],
  ["10.0.0.1:9191", 9091, "10.0.0.1:9191", "its own port wins"],
  ["10.0.0.1:9191", undefined, "10.0.0.1:9191", "its own port is enough"],
  ["pg_0.monitoring.svc.", 9091, "pg_0.monitoring.svc.:9091", "a name with a root dot"],
  ["PG-0:9091", undefined, "PG-0:9091", "a name keeps its case, or its groups would move"],
  ["h:09091", undefined, "h:9091", "a port loses its leading zero"],
  ["h:65535", undefined, "h:65535", "the last port"],
  ["::1", 9091, "[::1]:9091", "bare IPv6 gets brackets"],
  ["[::1]", 9091, "[::1]:9091", "IPv6 in brackets"],
  ["[::1]:9191", 9091, "[::1]:9191", "IPv6 in brackets with a port"],
  ["fe80::1%eth0", 9091, "[fe80::1%eth0]:9091", "IPv6 with a zone"],
  ["::ffff:10.0.0.1", 9091, "[::ffff:10.0.0.1]:9091", "IPv4 within IPv6"],
];
for (const [text, port, member, why] of READ) {
  Deno.test(`parseMember() reads ${text}: ${why}`, { permissions: "none" }, () => {
    assert.equal(parseMember(text, port), member);
  });
}

const REFUSED: readonly [text: string, message: RegExp, why: string][] = [
  ["10.0.0.1", /^expected host:port, found "10\.0\.0\.1"$/, "no port"],
  ["[::1]", /^expected host:port/, "IPv6 without a port"],
  ["", /^expected host:port, found ""$/, "nothing"],
  [":9091", /^expected host:port/, "no host"],
  ["h:", /^expected host:port/, "an empty port"],
  ["h:http", /^expected host:port/, "a port of letters"],
  ["h:-1", /^expected host:port/, "a negative port"],
  ["h:1e3", /^expected host:port/, "a port with an exponent"],
  ["h:1:2", /^expected host:port/, "two ports"],
  ["h:0", /^expected a port from 1 to 65535, found "h:0"$/, "port 0"],
  ["h:65536", /^expected a port from 1 to 65535/, "a port out of range"],
  ["http://h:9091", /^expected host:port/, "a URL"],
  ["h:9091/metrics", /^expected host:port/, "a path"],
  ["h :9091", /^expected host:port/, "a space"],
  ["h\n:9091", /^expected host:port, found "h\\n:9091"$/, "a line end"],
  ["größe:9091", /^expected host:port/, "a name that DNS does not know"],
  ["-h:9091", /^expected host:port/, "a dash first"],
  ["[10.0.0.1]:9091", /^expected host:port/, "IPv4 in brackets"],
  ["[::1:9091", /^expected host:port/, "a bracket that is not closed"],
  ["[::1]9091", /^expected host:port/, "no colon behind the bracket"],
  ["a:hunter2@h:9091", /^expected host:port, found "<secret>@h:9091"$/, "a password, not shown"],
];
for (const [text, message, why] of REFUSED) {
  Deno.test(
    `parseMember() refuses ${JSON.stringify(text)}: ${why}`,
    { permissions: "none" },
    () => assert.throws(() => parseMember(text), { name: "TypeError", message }),
  );
}

Deno.test(
  "a member comes in two halves and is read from them again",
  { permissions: "none" },
  () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    fc.assert(fc.property(host, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
      const member = parseMember(host, port);
      assert.deepEqual(splitMember(member), { host, port });
      assert.equal(parseMember(member), member);
    }));
  },
);
