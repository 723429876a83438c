/** What docs/tls.md says is done just so, and works. @module */

import assert from "node:assert/strict";
import { outputOf } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { temporaryDirectory } from "../../tools/server.ts";
import { startService } from "./service.ts";

const CA = "ca.pem";
const CLIENT = { cert: "client.pem", key: "client.key" };

/** The blocks of a language, in their order. */
async function blocks(language: string): Promise<string[]> {
  const docs = await Deno.readTextFile(new URL("../../docs/tls.md", import.meta.url));
  return [...docs.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, found, block]) =>
    found === language ? [block] : []
  );
}

Deno.test("the lines of docs/tls.md make certificates that work, also of a client", async () => {
  const { openssl } = await ensureComponents(["openssl"]);
  const { path, remove } = await temporaryDirectory("tls-docs");
  try {
    const [ofServer, ofClient] = await blocks("bash");
    assert.equal(ofServer.trim().split("\n").length, 3);
    const directory = openssl.command.slice(0, openssl.command.lastIndexOf("/"));
    const env = { ...openssl.env, PATH: `${directory}:${Deno.env.get("PATH")}` };
    await outputOf("bash", ["-ec", `${ofServer}${ofClient}`], { cwd: path, env });

    const yaml = await blocks("yaml");
    assert.equal(yaml.length, 4);
    for (const [web, config] of [yaml.slice(0, 2), yaml.slice(2)]) {
      assert(
        web.startsWith("# pushgateway-web.yml") && config.startsWith("# dynamic-sharding.yml"),
      );
      const configFile = `${path}/pushgateway-web.yml`;
      await Deno.writeTextFile(configFile, web);
      const isMutual = config.includes("cert_file");
      const certificate = { cert: `${path}/${CLIENT.cert}`, key: `${path}/${CLIENT.key}` };
      await using gateway = await startPushgateway({
        tls: { configFile, ...(isMutual && { certificate }) },
      });
      const files: Record<string, string> = {};
      for (const name of [CA, ...(isMutual ? Object.values(CLIENT) : [])]) {
        files[name] = await Deno.readTextFile(`${path}/${name}`);
      }
      // The host of the example is nowhere; the certificate is for its name all the same.
      const [host] = /pushgateway\.example\.org/.exec(config) ?? [];
      const text = config.replace(`${host}:9091`, gateway.address)
        .replace("tls_config:\n", `tls_config:\n    server_name: ${host}\n`);
      await using service = await startService({ config: `mode: proxy\n${text}`, files });
      await service.waitForActive(1);
      assert.equal((await service.push("/metrics/job/a", "m 1\n")).status, 200);
      assert.deepEqual(await gateway.groups(), [{ job: "a" }]);
    }
  } finally {
    await remove();
  }
});
