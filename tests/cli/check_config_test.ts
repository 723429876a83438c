/** What check-config says of discovery: what is wrong, and what is worth knowing. @module */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { checkConfig } from "../../src/cli/check_config.ts";
import { ConfigError } from "../../src/config/load.ts";
import { resolverConfig } from "../../src/discovery/dns/resolv_conf.ts";
import { startNsd } from "../../tools/nsd.ts";

const DIRECTORY = fileURLToPath(new URL("../testdata/discovery/", import.meta.url));
const NOBODY = () => Promise.reject(new Error("no DNS here"));

/** Everything that it says of a file, without the file's directory. */
async function check(
  file: string,
  resolver: Parameters<typeof checkConfig>[1]["resolver"] = NOBODY,
) {
  const lines: string[] = [];
  const onNotice = (text: string) => void lines.push(text);
  try {
    const { own } = await checkConfig(file, { env: () => undefined, onNotice, resolver });
    lines.push(`valid: ${own}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    lines.push(...error.problems);
  }
  const directory = file.slice(0, file.lastIndexOf("/") + 1);
  return `${lines.join("\n").replaceAll(directory, "")}\n`;
}

/** A file with this text, and what is said of it. */
async function checkText(text: string, resolver?: Parameters<typeof checkConfig>[1]["resolver"]) {
  const file = await Deno.makeTempFile({ prefix: "dynamic-sharding-", suffix: ".yml" });
  try {
    await Deno.writeTextFile(file, text);
    return (await check(file, resolver)).replaceAll(/dynamic-sharding-\w+/g, "my");
  } finally {
    await Deno.remove(file);
  }
}

const WRONG = [...Deno.readDirSync(DIRECTORY)].filter(({ isFile }) => isFile)
  .map(({ name }) => name).sort();
for (const name of WRONG) {
  Deno.test(`of ${name} check-config says this`, async (t) => {
    await t.assertSnapshot(await check(`${DIRECTORY}${name}`));
  });
}

const LOCKS =
  "my.yml: without consul_server instances share no locks: run only one, because several lose " +
  "pushes of groups that are being moved\n";

Deno.test("check-config says where members come from, and that there are no locks", async () => {
  assert.equal(
    await checkText("dns_sd: {names: [a.svc, b.svc], type: A, port: 9091}\n"),
    `${LOCKS}valid: members from DNS, A of a.svc, b.svc\n`,
  );
  assert.equal(
    await checkText("pushgateway: {servers: [10.0.0.1:9091]}\nhandoff: {enabled: false}\n"),
    "valid: servers: 1, static\n",
  );
  assert.equal(
    await checkText("consul_server: {}\npushgateway: {servers: [10.0.0.1:9091]}\n"),
    "valid: servers: 1, members from Consul's service pushgateway\n",
  );
});

Deno.test("check-config says what to write where one name stands for several Pushgateways", async () => {
  await using nsd = await startNsd({
    records: [
      ...[1, 2, 3].map((host) => `pushgateway 5 IN A 10.0.0.${host}`),
      ...[1, 2].map((host) => `six 5 IN AAAA fd00::${host}`),
      "both 5 IN A 10.0.0.1",
      "both 5 IN AAAA fd00::1",
    ],
  });
  const resolver = () => Promise.resolve(resolverConfig([nsd]));
  const servers = "[10.0.0.9, pushgateway.test, both.test, nowhere.test, 'six.test:9191']";
  const text = `pushgateway:\n  port: 9091\n  servers: ${servers}\n`;
  assert.equal(
    await checkText(text, resolver),
    LOCKS +
      "my.yml:3:23: pushgateway.servers[1]: pushgateway.test has 3 addresses and counts as one " +
      "Pushgateway; if it is several, write instead of pushgateway.servers: " +
      "dns_sd: {names: [pushgateway.test], type: A, port: 9091}\n" +
      "my.yml:3:66: pushgateway.servers[4]: six.test has 2 addresses and counts as one " +
      "Pushgateway; if it is several, write instead of pushgateway.servers: " +
      "dns_sd: {names: [six.test], type: AAAA, port: 9191}\n" +
      "valid: servers: 5, static\n",
  );
  assert.match(
    await checkText(`consul_server: {}\n${text}`, resolver),
    /pushgateway\.test has 3 addresses and .*; if it is several, name each of them\n/,
  );
});

Deno.test("what check-config says to write is a file that it takes", async () => {
  await using nsd = await startNsd({
    records: [1, 2].map((host) => `pushgateway 5 IN A 10.0.0.${host}`),
  });
  const said = await checkText(
    "pushgateway: {servers: [pushgateway.test:9091]}\n",
    () => Promise.resolve(resolverConfig([nsd])),
  );
  const [, remedy] = /instead of pushgateway\.servers: (.*)\n/.exec(said) ?? assert.fail(said);
  assert.equal(
    await checkText(`${remedy}\n`),
    `${LOCKS}valid: members from DNS, A of pushgateway.test\n`,
  );
});

Deno.test("check-config does without DNS that does not answer", async () => {
  using silent = new DisposableStack();
  const socket = silent.adopt(
    Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }),
    (socket) => socket.close(),
  );
  const { hostname, port } = socket.addr as Deno.NetAddr;
  const resolver = () => Promise.resolve(resolverConfig([{ hostname, port }]));
  const text = "pushgateway: {servers: [pushgateway.test:9091]}\n";
  for (const each of [resolver, NOBODY]) {
    assert.equal(await checkText(text, each), `${LOCKS}valid: servers: 1, static\n`);
  }
});
