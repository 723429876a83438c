/** How commands speak to a service: promtool's file, as far as it is used. */

import assert from "node:assert/strict";
import { loadHttpClient } from "../../src/config/http_client.ts";
import { ConfigError } from "../../src/config/yaml.ts";

async function withFile(text: string, use: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/http.yml`, text);
    await Deno.writeTextFile(`${directory}/password`, "from a file\n");
    await use(`${directory}/http.yml`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a user, a password and what is trusted are read", () =>
  withFile(
    "basic_auth: {username: alice, password: '0123'}\n" +
      "tls_config: {server_name: push.example.org, insecure_skip_verify: true}\n",
    async (path) => {
      const { basicAuth, tls } = await loadHttpClient(path, () => undefined);
      assert.deepEqual([basicAuth?.user, basicAuth?.password.reveal()], ["alice", "0123"]);
      assert.deepEqual(tls, { serverName: "push.example.org", insecureSkipVerify: true });
    },
  ));

Deno.test("a password may be in a file of its own", () =>
  withFile("basic_auth: {username: alice, password_file: password}\n", async (path) => {
    const { basicAuth } = await loadHttpClient(path, () => undefined);
    assert.equal(basicAuth?.password.reveal(), "from a file");
  }));

Deno.test("every problem is told with its place, and no password is", () =>
  withFile(
    "basic_auth: {password: secret, password_file: password}\n" +
      "tls_config: {cert_file: a.pem, ca: b}\nauthorization: {credentials: secret}\n",
    async (path) => {
      await assert.rejects(
        loadHttpClient(path, () => undefined),
        new ConfigError([
          `${path}:1:13: basic_auth: expected a username, found none`,
          `${path}:1:47: basic_auth.password_file: expected password or password_file, found both`,
          `${path}:2:13: tls_config: expected ca_file or insecure_skip_verify: true, found neither`,
          `${path}:2:25: tls_config.cert_file: expected key_file beside cert_file, found none`,
          `${path}:2:32: tls_config: unknown key "ca", expected one of ca_file, cert_file, key_file, server_name, insecure_skip_verify`,
          `${path}:3:1: unknown key "authorization", expected one of basic_auth, tls_config`,
        ]),
      );
    },
  ));

Deno.test("a file that is named and not there is a problem", () =>
  withFile("tls_config: {ca_file: none.pem}\n", async (path) => {
    const at = path.replace("http.yml", "none.pem");
    await assert.rejects(
      loadHttpClient(path, () => undefined),
      new ConfigError([`${path}:1:23: tls_config.ca_file: expected a file, found none, at ${at}`]),
    );
  }));
