import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ConfigError, loadConfig } from "../../src/config/load.ts";
import { READS_YAML } from "./permissions.ts";

const DIRECTORY = fileURLToPath(new URL("../testdata/config/", import.meta.url));

/** Each bad file, why it is bad, and its problems as they are printed behind the file's name. */
const BAD_FILES: readonly [file: string, why: string, problems: readonly string[]][] = [
  ["bad-agents.yml", "a User-Agent that each client begins with", [
    "1:24: redirect_user_agents[0]: expected the beginning of a User-Agent, found nothing",
  ]],
  ["bad-datacenter.yml", "a datacenter in capitals, which Consul never finds", [
    "3:15: consul_server.datacenter: expected a datacenter's name in lower case letters, digits, - and _, " +
    'found "DC1"',
  ]],
  ["bad-durations.yml", "durations that Go or Consul would not take", [
    '2:19: consul_server.check_interval: expected a duration above 0 as in "5s" or "1m30s", found "0s"',
    '3:18: consul_server.check_timeout: expected a duration above 0 as in "5s" or "1m30s", found "5 s"',
    '4:27: consul_server.check_deregister_after: expected a duration above 0 as in "5s" or "1m30s", found "1d"',
  ]],
  ["long-durations.yml", "durations above a day; only Consul may wait for weeks", [
    '2:19: consul_server.check_interval: expected a duration of at most 24h, found "24h0m1s"',
    '3:18: consul_server.check_timeout: expected a duration of at most 24h, found "25h"',
    '6:12: proxy.timeout: expected a duration of at most 24h, found "600h"',
    '8:19: handoff.sweep_interval: expected a duration of at most 24h, found "1440.1m"',
    '9:18: handoff.sweep_timeout: expected a duration of at most 24h, found "100000s"',
  ]],
  ["bad-port.yml", "ports out of range, each reported once", [
    '1:19: http_listen_addr: expected a port from 0 to 65535, found "65536"',
    '3:9: consul_server.addr: expected a port from 1 to 65535, found "0"',
    '5:9: pushgateway.port: expected a port from 1 to 65535, found "99999"',
  ]],
  ["bad-servers.yml", "texts that name no server", [
    '4:7: pushgateway.servers[0]: expected host:port, found "http://10.0.0.1:9091"',
    '5:7: pushgateway.servers[1]: expected host:port, found "10.0.0.2:ninety"',
    '6:7: pushgateway.servers[2]: expected a port from 1 to 65535, found "10.0.0.3:0"',
    '7:7: pushgateway.servers[3]: expected a port from 1 to 65535, found "10.0.0.4:65536"',
    "8:7: pushgateway.servers[4]: expected host or host:port, found a list",
    "9:7: pushgateway.servers[5]: expected host or host:port, found a map",
    "10:6: pushgateway.servers[6]: expected host or host:port, found nothing",
    '11:7: pushgateway.servers[7]: expected host:port, found ""',
    '12:7: pushgateway.servers[8]: expected host:port, found "ten nine"',
    '13:7: pushgateway.servers[9]: expected host:port, found "[10.0.0.7]:9091"',
    '14:7: pushgateway.servers[10]: expected host:port, found "10.0.0.8:"',
  ]],
  ["comments.yml", "nothing but comments", [
    "1:1: expected a map, found nothing",
  ]],
  ["conflicts.yml", "keys that contradict each other", [
    '3:11: consul_server.scheme: expected the scheme of addr, http, found "https"',
    "4:13: consul_server.password: expected a username beside the password, found none",
    "6:15: consul_server.token_file: expected token or token_file, found both",
    "8:16: consul_server.tls_config.cert_file: expected key_file beside cert_file, found none",
    '10:22: proxy.body_memory_limit: expected at least body_size_limit, 16777216 bytes, found "8MiB"',
  ]],
  ["duplicate-keys.yml", "keys given twice", [
    "4:3: expected YAML, found: Map keys must be unique",
    "6:1: expected YAML, found: Map keys must be unique",
  ]],
  ["duplicate-servers.yml", "servers given twice, in one spelling or two", [
    "6:7: pushgateway.servers[2]: expected each server once, found 10.0.0.1:9091 again",
    "8:7: pushgateway.servers[4]: expected each server once, found [fd00::1]:9091 again",
    "9:7: pushgateway.servers[5]: expected each server once, found 10.0.0.2:9091 again",
  ]],
  ["empty-sections.yml", "sections without anything in them", [
    "1:15: consul_server: expected a map, found nothing",
    "2:13: pushgateway: expected a map, found nothing",
  ]],
  ["empty-servers.yml", "an empty list of servers", [
    "3:12: pushgateway.servers: expected at least one server, found none",
  ]],
  ["empty.yml", "an empty file", [
    "1:1: expected a map, found nothing",
  ]],
  ["endless-aliases.yml", "aliases that multiply", [
    "1:1: expected YAML, found: Excessive alias count indicates a resource exhaustion attack",
  ]],
  ["everything-at-once.yml", "problems in every section, reported in the order of the file", [
    "5:7: pushgateway.servers[1]: expected each server once, found 10.0.0.1:9091 again",
    '6:9: pushgateway.port: expected a port from 1 to 65535, found "0"',
    '7:3: pushgateway: unknown key "sevrers", did you mean "servers"?',
    '8:19: http_listen_addr: expected [host]:port as in ":9292", found "localhost"',
    "11:15: consul_server.tls_config.key_file: expected cert_file beside key_file, found none",
    '12:27: consul_server.tls_config.insecure_skip_verify: expected true or false, found "maybe"',
    '13:11: consul_server.scheme: expected http or https, found "ftp"',
    "14:13: consul_server.password: expected a username beside the password, found none",
    '15:3: consul_server: unknown key "unknown", expected one of addr, scheme, datacenter, username, password, token, token_file, tls_config, register_service_name, check_interval, check_timeout, check_deregister_after',
  ]],

  ["list.yml", "a list instead of a map", [
    "1:1: expected a map, found a list",
  ]],
  ["no-servers.yml", "neither Consul nor servers", [
    "1:1: pushgateway.servers: expected at least one server, found none",
  ]],
  ["bad-proxy.yml", "wrong values and combinations of what proxying needs", [
    '1:7: mode: expected redirect, proxy or auto, found "automatic"',
    '2:23: redirect_user_agents: expected a list, found "my-pusher/"',
    '4:20: proxy.body_size_limit: expected a size above 0 as in "16MiB", found "16"',
    '5:12: proxy.timeout: expected a duration above 0 as in "5s" or "1m30s", found "0s"',
    '6:18: proxy.max_in_flight: expected a whole number from 1, found "0"',
    '7:3: proxy: unknown key "buffer", expected one of body_size_limit, body_memory_limit, timeout, max_in_flight',
    '10:11: pushgateway.scheme: expected http or https, found "ftp"',
    '11:17: pushgateway.route_prefix: expected a path as in "/pushgateway", found "pg"',
    '13:5: pushgateway.tls_config: expected scheme: https beside it, found "ftp"',
    "14:16: pushgateway.tls_config.cert_file: expected key_file beside cert_file, found none",
    '15:5: pushgateway.tls_config: unknown key "insecure_skip_verfy", did you mean "insecure_skip_verify"?',
    "17:5: pushgateway.basic_auth: expected a username, found none",
    "18:20: pushgateway.basic_auth.password_file: expected password or password_file, found both",
  ]],
  ["servers-of-nothing.yml", "the key of the servers without any", [
    "5:11: pushgateway.servers: expected at least one server, found none",
  ]],
  ["servers-without-port.yml", "servers without a port of their own, and none for all", [
    '3:7: pushgateway.servers[0]: expected host:port, found "10.0.0.1" (or pushgateway.port for all servers)',
    '5:7: pushgateway.servers[2]: expected host:port, found "fd00::1" (or pushgateway.port for all servers)',
  ]],
  ["syntax.yml", "a bracket that is never closed", [
    "4:1: expected YAML, found: Flow sequence in block collection must be sufficiently indented and end with a ]",
  ]],
  ["tab.yml", "a tab as indentation", [
    "2:1: expected YAML, found: Tabs are not allowed as indentation",
  ]],
  ["text.yml", "a text instead of a map, which may be a password", [
    "1:1: expected a map, found a text",
  ]],
  ["two-documents.yml", "two documents", [
    "2:1: expected one YAML document, found several",
  ]],
  ["unknown-alias.yml", "a password that YAML reads as an alias", [
    "3:13: expected a value, found an alias (*) of no anchor; quote a text that starts with *",
  ]],
  ["unknown-keys.yml", "misspelt keys and one that resembles none", [
    '2:3: consul_server: unknown key "adr", did you mean "addr"?',
    '4:5: consul_server.tls_config: unknown key "ca_flie", did you mean "ca_file"?',
    '6:1: unknown key "http_listen_address", did you mean "http_listen_addr"?',
    '9:3: pushgateway: unknown key "server", did you mean "servers"?',
    '11:1: unknown key "metrics", expected one of consul_server, dns_sd, file_sd, http_listen_addr, mode, redirect_user_agents, proxy, handoff, pushgateway',
  ]],
  ["unknown-tag.yml", "a password that YAML reads as a tag", [
    "3:13: expected a value, found a tag (!) of no type; quote a text that starts with !",
  ]],
  ["wrong-types.yml", "values of the wrong type", [
    "2:9: consul_server.addr: expected host:port, found a list",
    "3:13: consul_server.username: expected a user name, found a map",
    '4:19: consul_server.check_interval: expected a duration above 0 as in "5s" or "1m30s", found "5"',
    "5:15: consul_server.tls_config: expected a map, found a text",
    '6:19: http_listen_addr: expected [host]:port as in ":9292", found "9292"',
    '8:9: pushgateway.port: expected a port from 1 to 65535, found "many"',
    '9:22: pushgateway.enable_utf8_names: expected true or false, found "yes"',
    '10:12: pushgateway.servers: expected a list of servers, found "1.1.1.1"',
  ]],
];

for (const [file, why, problems] of BAD_FILES) {
  Deno.test(
    `loadConfig() tells every problem of ${file}: ${why}`,
    { permissions: { ...READS_YAML, read: [DIRECTORY] } },
    async () => {
      const path = `${DIRECTORY}${file}`;
      const expected = problems.map((problem) => `${path}:${problem}`);
      const error = await failure(path);
      assert.deepEqual(error.problems, expected);
      assert.equal(error.message, expected.join("\n"));
    },
  );
}

Deno.test("every file but the good ones is tested", { permissions: { read: [DIRECTORY] } }, () => {
  const good = ["original.yml", "full.yml", "named-files.yml", "named-wrongly.yml"];
  const files = [...Deno.readDirSync(DIRECTORY)].filter(({ isFile }) => isFile);
  const bad = files.map(({ name }) => name).filter((name) => !good.includes(name));
  assert.deepEqual(bad.sort(), BAD_FILES.map(([file]) => file).sort());
});

const UNREADABLE: readonly [what: string, path: string, problem: string][] = [
  ["a file that is not there", `${DIRECTORY}none.yml`, "expected a file, found none"],
  ["a directory", DIRECTORY, "expected a file, found a directory"],
];
for (const [what, path, problem] of UNREADABLE) {
  Deno.test(
    `loadConfig() of ${what} says so in one line`,
    { permissions: { ...READS_YAML, read: [DIRECTORY] } },
    async () => assert.deepEqual((await failure(path)).problems, [`${path}: ${problem}`]),
  );
}

Deno.test(
  "loadConfig() finds the files that the configuration names beside it",
  { permissions: { ...READS_YAML, read: [DIRECTORY] } },
  async () => {
    const { consul } = await loadConfig(`${DIRECTORY}named-files.yml`, () => undefined);
    assert.equal(consul?.tokenFile, `${DIRECTORY}named/token`);
    assert.equal(consul?.tls?.caFile, `${DIRECTORY}named/ca.pem`);
  },
);

Deno.test(
  "loadConfig() tells every named file that is not there",
  { permissions: { ...READS_YAML, read: [DIRECTORY, "/nowhere"] } },
  async () => {
    const path = `${DIRECTORY}named-files.yml`;
    const variables: Record<string, string> = {
      CONSUL_CLIENT_CERT: "/nowhere/client.pem",
      CONSUL_CLIENT_KEY: `${DIRECTORY}named`,
    };
    const error = await failure(path, (name) => variables[name]);
    assert.deepEqual(error.problems, [
      `${path}: consul_server.tls_config.cert_file: expected a file, found none, at /nowhere/client.pem`,
      `${path}: consul_server.tls_config.key_file: expected a file, found a directory, at ${DIRECTORY}named`,
    ]);
  },
);

Deno.test(
  "loadConfig() places a named file that is wrong where the file names it",
  { permissions: { ...READS_YAML, read: [DIRECTORY] } },
  async () => {
    const path = `${DIRECTORY}named-wrongly.yml`;
    const { problems } = await failure(path);
    assert.deepEqual(problems, [
      `${path}:4:14: consul_server.tls_config.ca_file: expected a PEM certificate, found none, at ${DIRECTORY}named/token`,
      `${path}:8:20: pushgateway.basic_auth.password_file: expected a file, found none, at ${DIRECTORY}no-such-file`,
    ]);
  },
);

async function failure(
  path: string,
  env: (name: string) => string | undefined = () => undefined,
): Promise<ConfigError> {
  try {
    await loadConfig(path, env);
  } catch (error) {
    assert(error instanceof ConfigError);
    return error;
  }
  assert.fail(`${path} was loaded`);
}
