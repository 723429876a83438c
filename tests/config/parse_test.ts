import assert from "node:assert/strict";
import { parseConfig } from "../../src/config/load.ts";
import fullText from "../testdata/config/full.yml" with { type: "text" };
import originalText from "../testdata/config/original.yml" with { type: "text" };
import { READS_YAML } from "./permissions.ts";

Deno.test("the Go tool's file means what it meant there", { permissions: READS_YAML }, () => {
  const issue2 = [
    "consul_server:",
    "  addr: localhost:8500",
    "  username:",
    "  password:",
    "  register_service_name: pushgateway",
    "http_listen_addr: :9292",
    "pushgateway:",
    "  port: 9091",
    "  servers:",
    "    - 1.1.1.1",
    "    - 1.1.1.2",
    "",
  ].join("\n");
  assert.equal(originalText, issue2, "the file is the Go tool's, byte for byte");
  assert.deepEqual(parse(originalText), {
    listen: { hostname: "", port: 9292 },
    consul: {
      scheme: "http",
      hostname: "localhost",
      port: 8500,
      serviceName: "pushgateway",
      check: { interval: "5s", timeout: "2s", deregisterAfter: "1m" },
    },
    servers: ["1.1.1.1:9091", "1.1.1.2:9091"],
    nameScheme: "legacy",
    mode: "redirect",
    redirectUserAgents: [],
    proxy: {
      bodyBytesMax: 16_777_216,
      timeoutMs: 30_000,
      bodyMemoryMax: 268_435_456,
      inFlightMax: 256,
    },
    handoff: {
      enabled: true,
      sweepIntervalMs: 60_000,
      sweepTimeoutMs: 30_000,
      memoryMax: 128 * 1_024 ** 2,
    },
    upstream: { scheme: "http", routePrefix: "", tls: {} },
  });
});

Deno.test("every key of the file has its effect", { permissions: READS_YAML }, () => {
  const { consul, ...rest } = parse(fullText);
  assert(consul?.basicAuth && consul.token);
  const { basicAuth, token, ...open } = consul;
  assert.deepEqual(rest, {
    listen: { hostname: "::1", port: 9292 },
    servers: [
      "10.0.0.1:9091",
      "10.0.0.2:9191",
      "[fd00::1]:9091",
      "[fd00::2]:9091",
      "[fd00::3]:9192",
      "pg-0.monitoring.svc:9091",
    ],
    nameScheme: "utf8",
    mode: "auto",
    redirectUserAgents: ["my-pusher/", "Java/"],
    proxy: { bodyBytesMax: 1_536, timeoutMs: 90_000, bodyMemoryMax: 67_108_864, inFlightMax: 8 },
    handoff: {
      enabled: false,
      sweepIntervalMs: 150_000,
      sweepTimeoutMs: 5_000,
      memoryMax: 64 * 1_024 ** 2,
    },
    upstream: {
      scheme: "https",
      routePrefix: "/pg",
      basicAuth: { username: "pusher", passwordFile: "/etc/dynamic-sharding/secrets/push" },
      tls: {
        caFile: "/etc/dynamic-sharding/tls/members.pem",
        certFile: "/etc/dynamic-sharding/tls/us.pem",
        keyFile: "/etc/ssl/us.key",
        serverName: "members.internal",
        insecureSkipVerify: true,
      },
    },
  });
  assert.deepEqual(open, {
    scheme: "https",
    hostname: "consul.example",
    port: 8501,
    datacenter: "north",
    tls: {
      caFile: "/etc/dynamic-sharding/tls/ca.pem",
      certFile: "/etc/ssl/client.pem",
      keyFile: "/etc/dynamic-sharding/tls/client.key",
      serverName: "consul.internal",
      insecureSkipVerify: false,
    },
    serviceName: "pushers",
    check: { interval: "10s", timeout: "1500ms", deregisterAfter: "1h30m" },
  });
  assert.equal(basicAuth.username, "admin");
  assert.equal(basicAuth.password.reveal(), "0012", "a password keeps its leading zeros");
  assert.equal(token.reveal(), "~token");
});

Deno.test(
  "dns_sd has Prometheus's defaults, and each key its effect",
  { permissions: READS_YAML },
  () => {
    assert.deepEqual(parse("dns_sd: {names: [_http._tcp.pg.svc, b.]}").dnsSd, {
      names: ["_http._tcp.pg.svc", "b."],
      type: "SRV",
      refreshMs: 30_000,
    });
    const nameservers = '[10.0.0.53, 127.0.0.1:5353, fd00::53, "[fd00::53]:5353"]';
    const keys = `names: [pg.svc], type: aaaa, port: 9091, refresh_interval: 1m30s`;
    assert.deepEqual(parse(`dns_sd: {${keys}, nameservers: ${nameservers}}`).dnsSd, {
      names: ["pg.svc"],
      type: "AAAA",
      port: 9091,
      refreshMs: 90_000,
      nameservers: [
        { hostname: "10.0.0.53", port: 53 },
        { hostname: "127.0.0.1", port: 5353 },
        { hostname: "fd00::53", port: 53 },
        { hostname: "fd00::53", port: 5353 },
      ],
    });
  },
);

Deno.test(
  "file_sd has Prometheus's defaults, and each key its effect",
  { permissions: READS_YAML },
  () => {
    assert.deepEqual(parse("file_sd: {files: [/srv/targets/*.json, tg_*.yml]}").fileSd, {
      files: ["/srv/targets/*.json", "/etc/dynamic-sharding/tg_*.yml"],
      refreshMs: 300_000,
    });
    const { fileSd, servers } = parse(
      "file_sd: {files: [a.yaml], refresh_interval: 10s}\npushgateway: {port: 9091}",
    );
    assert.deepEqual(fileSd, {
      files: ["/etc/dynamic-sharding/a.yaml"],
      refreshMs: 10_000,
      port: 9091,
    });
    assert.deepEqual(servers, []);
  },
);

const PASSWORDS: readonly [yaml: string, password: string, why: string][] = [
  ["007", "007", "leading zeros"],
  ["1e3", "1e3", "a number with an exponent"],
  ["0x1F", "0x1F", "a number in hex"],
  ["1_000", "1_000", "a number with underscores"],
  ["1.50", "1.50", "a number with a zero at its end"],
  ["yes", "yes", "a YAML 1.1 boolean"],
  ["true", "true", "a boolean"],
  [".inf", ".inf", "infinity"],
  ["2026-01-02", "2026-01-02", "a date"],
  ["12:30:45", "12:30:45", "a YAML 1.1 sexagesimal number"],
  ['"null"', "null", "null in quotes"],
  ["a#b", "a#b", "a # that starts no comment"],
  ["a:b", "a:b", "a colon without a space"],
  ["'*star'", "*star", "a quoted *"],
  ["'!bang'", "!bang", "a quoted !"],
  ['"\\u00e9"', "é", "an escape in double quotes"],
  ["|-\n    two\n    lines", "two\nlines", "a block"],
];
for (const [yaml, password, why] of PASSWORDS) {
  Deno.test(`a password keeps every character: ${why}`, { permissions: READS_YAML }, () => {
    const { consul } = parse(`consul_server:\n  username: admin\n  password: ${yaml}\n`);
    assert.equal(consul?.basicAuth?.password.reveal(), password);
  });
}

const EMPTY_VALUES: readonly [yaml: string, why: string][] = [
  ["", "nothing"],
  ["~", "a tilde"],
  ["null", "null"],
  ["# secret", "a comment"],
];
for (const [yaml, why] of EMPTY_VALUES) {
  Deno.test(`a value of ${why} counts as absent`, { permissions: READS_YAML }, () => {
    const keys = ["addr", "scheme", "username", "password", "token", "token_file", "datacenter"]
      .concat("register_service_name", "check_interval");
    const section = keys.map((key) => `  ${key}: ${yaml}\n`).join("");
    const text = `consul_server:\n${section}http_listen_addr: ${yaml}\n`;
    const bare = "consul_server: {}\n";
    assert.deepEqual(parse(text), parse(bare));
  });
}

Deno.test("a service name of no characters is the default one", { permissions: READS_YAML }, () => {
  const { consul } = parse('consul_server: {register_service_name: ""}');
  assert.equal(consul?.serviceName, "pushgateway");
});

const NO_CONSUL = "pushgateway: {port: 9091, servers: [10.0.0.1]}\n";
Deno.test("without a consul_server section there is no Consul", { permissions: READS_YAML }, () => {
  const config = parseConfig(NO_CONSUL, {
    path: "f.yml",
    env: () => assert.fail("the environment says nothing about a Consul that is not used"),
  });
  assert.equal(config.consul, undefined);
  assert.deepEqual(config.listen, { hostname: "", port: 9292 });
});

Deno.test("with Consul the servers may be left to it", { permissions: READS_YAML }, () => {
  assert.deepEqual(parse("consul_server: {addr: consul}").servers, []);
});

Deno.test(
  "an anchor, an alias and a merge mean what YAML says",
  { permissions: READS_YAML },
  () => {
    const text = [
      "pushgateway: &gateways",
      "  port: &port 9091",
      "  servers: [10.0.0.1]",
      "consul_server:",
      "  addr: localhost",
      "  tls_config: &tls {server_name: a}",
      "  <<: {datacenter: north}",
    ].join("\n");
    const { consul, servers } = parse(text);
    assert.deepEqual(servers, ["10.0.0.1:9091"]);
    assert.equal(consul?.datacenter, "north");
  },
);

const KEYS_OF_OBJECTS = ["__proto__", "constructor", "toString", "hasOwnProperty"];
for (const key of KEYS_OF_OBJECTS) {
  Deno.test(`${key} is an unknown key like any other`, { permissions: READS_YAML }, () => {
    assert.throws(
      () => parse(`${NO_CONSUL}${key}: x\n`),
      new RegExp(`:2:1: unknown key "${key}", expected one of consul_server, `),
    );
  });
}

function parse(text: string) {
  return parseConfig(text, { path: "/etc/dynamic-sharding/f.yml", env: () => undefined });
}
