/** Certificates and users change under steady pushes, and no push fails. */

import assert from "node:assert/strict";
import { run } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { connect, type RawClient } from "../http/server/raw_client.ts";
import { type Service, startService } from "../integration/service.ts";
import { pushSteadily } from "../integration/steady_client.ts";
import { ALICE, basic, createWebFile, HASHES } from "./web_file.ts";
import { startWebService, type WebService } from "./web_service.ts";

const PER_SECOND = 20;
/** The files are looked at every 5 s. */
const LOOK_MS_MAX = 40_000;
const BOB = basic("bob", "land");
const TWO = { alice: HASHES.wonder, bob: HASHES.land };

/** The name in the certificate that a new connection gets. */
async function certificateOf({ service, web }: WebService): Promise<string | undefined> {
  const { openssl } = await ensureComponents(["openssl"]);
  const { host } = new URL(service.url);
  const args = ["s_client", "-connect", host, "-CAfile", web.authority.ca];
  const { stdout } = await run(openssl.command, args, openssl);
  return /^subject=.*CN ?= ?(\w+)/m.exec(stdout)?.[1];
}

/** Waits until the log has a line that follows a look at the files. */
async function says({ process }: Service, words: string): Promise<void> {
  await waitFor(() => process.output().includes(words), { what: words, msMax: LOOK_MS_MAX });
}

async function reload({ service }: WebService): Promise<{ status: number; text: string }> {
  return await service.get("/-/reload", { method: "POST" });
}

Deno.test("certificates and users change under steady pushes, and no push fails", async (t) => {
  await using own = await startWebService();
  const { service, web: { authority, caCert, authorization } } = own;
  const stop = new AbortController();
  const port = Number(new URL(service.url).port);
  const asked = { perSecond: PER_SECOND, signal: stop.signal, caCert, authorization };
  const pushing = pushSteadily(port, asked);
  const healthy = async (authorization?: string) => {
    const client = Deno.createHttpClient({ caCerts: [caCert] });
    const headers: Record<string, string> = authorization ? { authorization } : {};
    const answer = await fetch(`${service.url}/-/healthy`, { headers, client });
    await answer.body?.cancel();
    client.close();
    return answer.status;
  };
  const letsIn = (authorization: string, status: number) =>
    waitFor(async () => await healthy(authorization) === status, {
      what: `${status} for a user`,
      msMax: LOOK_MS_MAX,
    });
  const isLoaded = () => service.metric("dynamic_sharding_config_last_reload_successful");
  using kept = await connect(port, caCert);
  const askKept = async () => {
    await kept.send(
      `GET /-/healthy HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n\r\n`,
    );
    return (await kept.answer()).status;
  };
  assert.equal(await askKept(), 200);

  await t.step("a new certificate in the same files is taken over without a reload", async () => {
    await authority.issue("renewed");
    for (const kind of ["key", "pem"]) {
      const [from, to] = ["renewed", "server"].map((name) =>
        `${authority.directory}/${name}.${kind}`
      );
      await Deno.copyFile(from, to);
    }
    await waitFor(async () => await certificateOf(own) === "renewed", {
      what: "the new certificate",
      msMax: LOOK_MS_MAX,
    });
    await service.waitForLog("changed files taken over");
    assert.equal(await askKept(), 200);
  });

  await t.step("a further user is let in without a reload, and one taken out no more", async () => {
    assert.equal(await healthy(BOB), 401);
    await own.web.write({ users: TWO });
    await letsIn(BOB, 200);
    await own.web.write();
    await letsIn(BOB, 401);
    assert.equal(await askKept(), 200);
  });

  await t.step(
    "a file that is cut off behind TLS lets in nobody, and the log says so",
    async () => {
      await own.web.write({ users: undefined });
      await says(
        service,
        "basic_auth_users: expected users as in the running configuration, found none; " +
          "only a reload takes that over",
      );
      assert.equal(await healthy(), 401);
      assert.equal(await isLoaded(), 0);
      await own.web.write();
      await says(service, "changed files are the running ones again");
      assert.equal(await isLoaded(), 1);
    },
  );

  await t.step("half of a pair is not taken over, and the log says so", async () => {
    await authority.issue("half");
    const [from, to] = ["half", "server"].map((name) => `${authority.directory}/${name}.pem`);
    await Deno.copyFile(from, to);
    await says(service, "tls_server_config.key_file: expected the key of the certificate");
    assert.equal(await certificateOf(own), "renewed");
  });

  await t.step("with it a reload is refused, with the place, and all stays as it is", async () => {
    const { status, text } = await reload(own);
    assert.equal(status, 500);
    assert.match(
      text,
      /web\.yml:1:\d+: tls_server_config\.key_file: expected the key of the certificate/,
    );
    assert.equal(await certificateOf(own), "renewed");
  });

  await t.step("a reload takes over another certificate, and further users", async () => {
    await authority.issue("other");
    await own.web.write({ certificate: "other", users: TWO });
    assert.equal((await reload(own)).status, 200);
    assert.equal(await certificateOf(own), "other");
    assert.equal(await healthy(BOB), 200);
  });

  await t.step("a wrong user is refused with the place, and the right ones stay", async () => {
    await own.web.write({ certificate: "other", users: { alice: "wonder" } });
    service.process.kill("SIGHUP");
    await service.waitForLog("web.yml:2:28: basic_auth_users.alice: expected a bcrypt hash");
    assert.equal(await healthy(BOB), 200);
    assert.equal(await askKept(), 200);
  });

  stop.abort();
  const { pushes, failures } = await pushing;
  assert.deepEqual(failures, []);
  assert(pushes > PER_SECOND, `${pushes} pushes`);

  await t.step("who is taken out is refused at once, whatever is remembered", async () => {
    await own.web.write({ certificate: "other", users: { bob: HASHES.land } });
    assert.equal((await reload(own)).status, 200);
    assert.equal(await healthy(ALICE), 401);
    assert.equal(await healthy(BOB), 200);
  });
});

Deno.test("TLS is switched on by the file, off by a reload alone, and connections go on as they began", async () => {
  await using web = await createWebFile();
  const secured = await Deno.readTextFile(web.file);
  await Deno.writeTextFile(web.file, "{}\n");
  await using gateway = await startPushgateway();
  await using service = await startService({
    config: `mode: auto\npushgateway: {servers: ["${gateway.address}"]}\n`,
    flags: [`--web.config.file=${web.file}`],
  });
  await service.waitForActive(1);
  const port = Number(new URL(service.url).port);
  const ask = async (connection: RawClient) => {
    await connection.send("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
    return (await connection.answer()).status;
  };
  using plain = await connect(port);
  assert.equal(await ask(plain), 200);

  await Deno.writeTextFile(web.file, secured.split("\n")[0]);
  await says(service, "changed files taken over");
  using overTls = await connect(port, web.caCert);
  assert.equal(await ask(overTls), 200);
  assert.equal(await ask(plain), 200);
  using late = await connect(port);
  assert.equal(await ask(late), 400);

  await Deno.writeTextFile(web.file, "{}\n");
  await says(
    service,
    "tls_server_config: expected TLS as in the running configuration, found none",
  );
  using later = await connect(port);
  assert.equal(await ask(later), 400);
  service.process.kill("SIGHUP");
  await service.waitForLog("configuration reloaded");
  using last = await connect(port);
  assert.deepEqual([await ask(last), await ask(overTls)], [200, 200]);
});
