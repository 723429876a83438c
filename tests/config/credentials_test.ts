/** Secrets that systemd hands to the service, each unit in a directory of its own. */

import assert from "node:assert/strict";
import { ConfigError, loadConfig } from "../../src/config/load.ts";

const CONFIG = `pushgateway:
  servers: [10.0.0.1:9091]
  basic_auth:
    username: push
    password_file: \${CREDENTIALS_DIRECTORY}/pushgateway
`;

/** A directory with the configuration and, in another, what systemd would put there. */
async function withFiles(
  use: (files: { path: string; credentials: string }) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const [path, credentials] = [`${directory}/dynamic-sharding.yml`, `${directory}/credentials`];
    await Deno.mkdir(credentials);
    await Deno.writeTextFile(path, CONFIG);
    await use({ path, credentials });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a credential is where systemd put it for this unit", () =>
  withFiles(async ({ path, credentials }) => {
    await Deno.writeTextFile(`${credentials}/pushgateway`, "secret");
    const { upstream } = await loadConfig(
      path,
      (name) => name === "CREDENTIALS_DIRECTORY" ? credentials : undefined,
    );
    assert.equal(upstream.basicAuth?.passwordFile, `${credentials}/pushgateway`);
  }));

Deno.test("a credential that the unit does not load is a problem", () =>
  withFiles(async ({ path, credentials }) => {
    await assert.rejects(
      loadConfig(path, (name) => name === "CREDENTIALS_DIRECTORY" ? credentials : undefined),
      new ConfigError([
        `${path}:5:20: pushgateway.basic_auth.password_file: expected a file, found none, at ` +
        `${credentials}/pushgateway`,
      ]),
    );
  }));

Deno.test("outside of the service a credential is a problem for what needs it, and else a notice", () =>
  withFiles(async ({ path }) => {
    const place = `${path}:5:20: pushgateway.basic_auth.password_file`;
    const file = "${CREDENTIALS_DIRECTORY}/pushgateway";
    await assert.rejects(
      loadConfig(path, () => undefined),
      new ConfigError([
        `${place}: expected CREDENTIALS_DIRECTORY, which a unit's LoadCredential= sets, found none, ` +
        `at ${file}`,
      ]),
    );
    const notices: string[] = [];
    await loadConfig(path, () => undefined, (notice) => notices.push(notice));
    await loadConfig(path, () => "/of-the-service", (notice) => notices.push(notice));
    assert.deepEqual(notices[1], notices[0], "what runs beside the service cannot read them");
    assert.deepEqual(notices.slice(1), [
      `${place} cannot be checked here: only the service has ${file}`,
    ]);
  }));
