import assert from "node:assert/strict";
import type { Config } from "../../src/config/config.ts";
import { ConfigError, parseConfig } from "../../src/config/load.ts";
import { READS_YAML } from "./permissions.ts";

type Consul = NonNullable<Config["consul"]>;
type Environment = Readonly<Record<string, string>>;

const EFFECTS: readonly [
  sentence: string,
  environment: Environment,
  section: string,
  expected: Readonly<Record<string, unknown>>,
][] = [
  [
    "CONSUL_HTTP_ADDR is the address where the file has none",
    { CONSUL_HTTP_ADDR: "consul.example:8600" },
    "",
    { hostname: "consul.example", port: 8600, scheme: "http" },
  ],
  [
    "CONSUL_HTTP_ADDR may say https",
    { CONSUL_HTTP_ADDR: "https://[fd00::1]:8501" },
    "",
    { hostname: "fd00::1", port: 8501, scheme: "https" },
  ],
  [
    "the file's address wins over CONSUL_HTTP_ADDR",
    { CONSUL_HTTP_ADDR: "https://consul.example:8600" },
    "addr: localhost:8500",
    { hostname: "localhost", port: 8500, scheme: "http" },
  ],
  [
    "an empty variable counts as absent",
    { CONSUL_HTTP_ADDR: "", CONSUL_HTTP_TOKEN: "", CONSUL_HTTP_AUTH: "", CONSUL_HTTP_SSL: "" },
    "",
    { hostname: "localhost", port: 8500, scheme: "http", token: undefined, basicAuth: undefined },
  ],
  [
    "CONSUL_HTTP_TOKEN is the token where the file has none",
    { CONSUL_HTTP_TOKEN: "from-env" },
    "",
    { token: "from-env" },
  ],
  [
    "the file's token wins over CONSUL_HTTP_TOKEN and CONSUL_HTTP_TOKEN_FILE",
    { CONSUL_HTTP_TOKEN: "from-env", CONSUL_HTTP_TOKEN_FILE: "/run/token" },
    "token: from-file",
    { token: "from-file", tokenFile: undefined },
  ],
  [
    "the file's token_file wins over CONSUL_HTTP_TOKEN",
    { CONSUL_HTTP_TOKEN: "from-env" },
    "token_file: secrets/token",
    { token: undefined, tokenFile: "/etc/ds/secrets/token" },
  ],
  [
    "CONSUL_HTTP_TOKEN wins over CONSUL_HTTP_TOKEN_FILE",
    { CONSUL_HTTP_TOKEN: "from-env", CONSUL_HTTP_TOKEN_FILE: "/run/token" },
    "",
    { token: "from-env", tokenFile: undefined },
  ],
  [
    "CONSUL_HTTP_TOKEN_FILE is no path beside the configuration file",
    { CONSUL_HTTP_TOKEN_FILE: "run/token" },
    "",
    { tokenFile: "run/token" },
  ],
  [
    "CONSUL_HTTP_AUTH is user and password, which may hold a colon",
    { CONSUL_HTTP_AUTH: "admin:a:b" },
    "",
    { basicAuth: ["admin", "a:b"] },
  ],
  [
    "CONSUL_HTTP_AUTH may be a user alone",
    { CONSUL_HTTP_AUTH: "admin" },
    "",
    { basicAuth: ["admin", ""] },
  ],
  [
    "the file's user wins over CONSUL_HTTP_AUTH, password and all",
    { CONSUL_HTTP_AUTH: "env-user:env-password" },
    "username: admin",
    { basicAuth: ["admin", ""] },
  ],
  ["CONSUL_HTTP_SSL turns TLS on", { CONSUL_HTTP_SSL: "true" }, "", { scheme: "https" }],
  ["CONSUL_HTTP_SSL=1 turns TLS on", { CONSUL_HTTP_SSL: "1" }, "addr: a:1", { scheme: "https" }],
  ["CONSUL_HTTP_SSL=false does not", { CONSUL_HTTP_SSL: "false" }, "", { scheme: "http" }],
  [
    "the file's scheme wins over CONSUL_HTTP_SSL",
    { CONSUL_HTTP_SSL: "true" },
    "scheme: http",
    { scheme: "http" },
  ],
  [
    "the file's scheme wins over that of CONSUL_HTTP_ADDR",
    { CONSUL_HTTP_ADDR: "https://consul.example" },
    "scheme: http",
    { scheme: "http", hostname: "consul.example" },
  ],
  [
    "an address that says http wins over CONSUL_HTTP_SSL",
    { CONSUL_HTTP_SSL: "true" },
    "addr: http://localhost",
    { scheme: "http" },
  ],
  [
    "CONSUL_HTTP_SSL_VERIFY=false accepts any certificate",
    { CONSUL_HTTP_SSL_VERIFY: "false" },
    "",
    { tls: { insecureSkipVerify: true } },
  ],
  [
    "CONSUL_HTTP_SSL_VERIFY=1 changes nothing",
    { CONSUL_HTTP_SSL_VERIFY: "1" },
    "",
    { tls: undefined },
  ],
  [
    "the file's insecure_skip_verify wins over CONSUL_HTTP_SSL_VERIFY",
    { CONSUL_HTTP_SSL_VERIFY: "false" },
    "tls_config: {ca_file: /ca.pem, insecure_skip_verify: false}",
    { tls: { caFile: "/ca.pem", insecureSkipVerify: false } },
  ],
  [
    "the environment names TLS files",
    {
      CONSUL_CACERT: "/ca.pem",
      CONSUL_CLIENT_CERT: "/client.pem",
      CONSUL_CLIENT_KEY: "/client.key",
      CONSUL_TLS_SERVER_NAME: "consul.internal",
    },
    "",
    {
      tls: {
        caFile: "/ca.pem",
        certFile: "/client.pem",
        keyFile: "/client.key",
        serverName: "consul.internal",
        insecureSkipVerify: false,
      },
    },
  ],
  [
    "the file's TLS files win over the environment's",
    { CONSUL_CACERT: "/env-ca.pem" },
    "tls_config: {ca_file: ca.pem}",
    { tls: { caFile: "/etc/ds/ca.pem", insecureSkipVerify: false } },
  ],
];

for (const [sentence, environment, section, expected] of EFFECTS) {
  Deno.test(sentence, { permissions: READS_YAML }, () => {
    const consul = resolve(section, environment);
    const shown: Record<string, unknown> = {
      ...consul,
      token: consul.token?.reveal(),
      basicAuth: consul.basicAuth &&
        [consul.basicAuth.username, consul.basicAuth.password.reveal()],
    };
    const found = Object.fromEntries(Object.keys(expected).map((key) => [key, shown[key]]));
    assert.deepEqual(found, expected);
  });
}

const WRONG: readonly [environment: Environment, problem: string][] = [
  [
    { CONSUL_HTTP_ADDR: "unix:///run/consul.sock" },
    "environment variable CONSUL_HTTP_ADDR: expected host:port or http(s)://host:port, " +
    'found "unix:///run/consul.sock"',
  ],
  [
    { CONSUL_HTTP_ADDR: "localhost:99999" },
    'environment variable CONSUL_HTTP_ADDR: expected a port from 1 to 65535, found "99999"',
  ],
  [
    { CONSUL_HTTP_SSL: "on" },
    'environment variable CONSUL_HTTP_SSL: expected true or false, found "on"',
  ],
  [
    { CONSUL_HTTP_SSL_VERIFY: "no" },
    'environment variable CONSUL_HTTP_SSL_VERIFY: expected true or false, found "no"',
  ],
];
for (const [environment, problem] of WRONG) {
  const [[name, value]] = Object.entries(environment);
  Deno.test(`${name}=${value} is refused by its name`, { permissions: READS_YAML }, () => {
    assert.throws(() => resolve("", environment), (error) => {
      assert(error instanceof ConfigError);
      assert.deepEqual(error.problems, [`/etc/ds/f.yml: ${problem}`]);
      return true;
    });
  });
}

function resolve(section: string, environment: Environment): Consul {
  const text = section === "" ? "consul_server: {}" : `consul_server:\n  ${section}`;
  const env = (name: string) => environment[name];
  const { consul } = parseConfig(text, { path: "/etc/ds/f.yml", env });
  assert(consul);
  return consul;
}
