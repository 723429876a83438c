import assert from "node:assert/strict";
import {
  parseConsulAddress,
  parseDuration,
  parseListenAddress,
  showListenAddress,
} from "../../src/config/values.ts";

const LISTEN: readonly [text: string, hostname: string, port: number][] = [
  [":9292", "", 9292],
  [":0", "", 0],
  ["127.0.0.1:80", "127.0.0.1", 80],
  ["localhost:9292", "localhost", 9292],
  ["[::1]:9292", "::1", 9292],
  ["[::ffff:10.0.0.1]:1", "::ffff:10.0.0.1", 1],
];
for (const [text, hostname, port] of LISTEN) {
  Deno.test(`${text} is a listen address, and is shown as that`, { permissions: "none" }, () => {
    assert.deepEqual(parseListenAddress(text), { hostname, port });
    assert.equal(showListenAddress({ hostname, port }), text);
  });
}

const NO_LISTEN: readonly [text: string, why: string][] = [
  ["9292", "no colon"],
  ["localhost", "no port"],
  ["localhost:", "an empty port"],
  ["::1:9292", "IPv6 without brackets"],
  ["[localhost]:1", "a name in brackets"],
  ["http://:9292", "a scheme"],
  [":9292/", "a path"],
  [":-1", "a negative port"],
  [":65536", "a port out of range"],
  ["a b:1", "a space"],
];
for (const [text, why] of NO_LISTEN) {
  Deno.test(`parseListenAddress() refuses ${text}: ${why}`, { permissions: "none" }, () => {
    assert.throws(() => parseListenAddress(text), {
      name: "TypeError",
      message: /^expected .*found "/,
    });
  });
}

const CONSUL: readonly [text: string, address: ReturnType<typeof parseConsulAddress>][] = [
  ["localhost", { hostname: "localhost", port: 8500 }],
  ["localhost:8600", { hostname: "localhost", port: 8600 }],
  ["http://localhost", { scheme: "http", hostname: "localhost", port: 8500 }],
  ["https://consul.example:443/", { scheme: "https", hostname: "consul.example", port: 443 }],
  ["[::1]", { hostname: "::1", port: 8500 }],
  ["https://[::1]:8501", { scheme: "https", hostname: "::1", port: 8501 }],
];
for (const [text, address] of CONSUL) {
  Deno.test(`${text} is an address of Consul`, { permissions: "none" }, () => {
    assert.deepEqual(parseConsulAddress(text), address);
  });
}

const NO_CONSUL: readonly [text: string, why: string][] = [
  ["", "nothing"],
  ["::1", "IPv6 without brackets"],
  ["ftp://localhost", "another scheme"],
  ["unix:///run/consul.sock", "a socket"],
  ["http://user@localhost", "a user"],
  ["localhost:8500/v1", "a path"],
  ["localhost:port", "a port of letters"],
  ["localhost:0", "port 0"],
];
for (const [text, why] of NO_CONSUL) {
  Deno.test(`parseConsulAddress() refuses ${text}: ${why}`, { permissions: "none" }, () => {
    assert.throws(() => parseConsulAddress(text), { name: "TypeError", message: /^expected / });
  });
}

for (const text of ["5s", "1m30s", "1.5h", "100ms", "10us", "10µs", "1ns", "0h1s"]) {
  Deno.test(`${text} is a duration, kept as it is written`, { permissions: "none" }, () => {
    assert.equal(parseDuration(text), text);
  });
}
for (const text of ["", "5", "s", "0s", "0m0s", "0.0s", "-5s", "5 s", "1d", "5S", "1m30", "inf"]) {
  Deno.test(`${JSON.stringify(text)} is no duration above 0`, { permissions: "none" }, () => {
    assert.throws(() => parseDuration(text), {
      name: "TypeError",
      message: /^expected a duration/,
    });
  });
}
