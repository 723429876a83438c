/**
 * The unit under a real systemd. It takes root and namespaces, so elsewhere these tests are left out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { freePort } from "../../tools/ports.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { outputOf, run } from "../../tools/command.ts";
import { waitFor } from "../../tools/wait.ts";
import { bootMachine, canBoot } from "./machine.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const program = Deno.env.get("DYNAMIC_SHARDING_BINARY");
const unit = await Deno.readTextFile(`${root}packaging/dynamic-sharding.service`);
const ignore = !program || !await canBoot();
const NAME = "dynamic-sharding.service";

const config = (port: number, member: string) =>
  `http_listen_addr: 127.0.0.1:${port}\nmode: proxy\npushgateway: {servers: ["${member}"]}\n`;

const canAnalyze = await run("systemd-analyze", ["--version"]).then(() => true, () => false);
Deno.test("little is exposed to the unit", { ignore: !canAnalyze }, async () => {
  const path = `${root}packaging/dynamic-sharding.service`;
  const out = await outputOf("systemd-analyze", ["security", "--offline=true", path]);
  const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(out)?.[1];
  assert(Number(exposure) <= 2, out);
});

Deno.test("systemd is told when the service is ready, reloads and stops", { ignore }, async () => {
  await using member = await startPushgateway();
  const port = freePort();
  await using machine = await bootMachine({
    program: program!,
    units: { [NAME]: unit },
    config: config(port, member.address),
  });
  const { code, stderr } = await machine.run("systemd-analyze", "verify", NAME);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  const start = await machine.run("systemctl", "start", NAME);
  assert.equal(start.code, 0, `${start.stderr}${await machine.property(NAME, "Result")}`);
  // Type=notify: that it has started means that it has said so.
  const ready = await fetch(`http://127.0.0.1:${port}/-/ready`);
  assert.equal(ready.status, 200, await ready.text());
  assert.equal(await machine.property(NAME, "ActiveState"), "active");
  assert.notEqual(await machine.property(NAME, "WatchdogTimestampMonotonic"), "0");

  await machine.configure(`${config(port, member.address)}redirect_user_agents: [mine/]\n`);
  assert.equal((await machine.run("systemctl", "reload", NAME)).code, 0);
  const pushed = await fetch(`http://127.0.0.1:${port}/metrics/job/a`, {
    method: "PUT",
    body: "a 1\n",
  });
  assert.equal(pushed.status, 200, await pushed.text());

  assert.equal((await machine.run("systemctl", "stop", NAME)).code, 0);
  assert.equal(await machine.property(NAME, "Result"), "success");
});

Deno.test("one unit is started on the address of another, before that is stopped", {
  ignore,
}, async () => {
  await using member = await startPushgateway();
  const port = freePort();
  const shared = unit.replace(/^(ExecStart=.*)$/m, "$1 --web.reuse-port");
  await using machine = await bootMachine({
    program: program!,
    units: { "dynamic-sharding@.service": shared },
    // Without Consul nothing may be moved while two run.
    config: `${config(port, member.address)}handoff: {enabled: false}\n`,
  });
  const [blue, green] = ["dynamic-sharding@blue", "dynamic-sharding@green"];
  for (const [next, last] of [[blue, green], [green, blue], [blue, green]]) {
    assert.equal((await machine.run("systemctl", "start", next)).code, 0);
    assert.equal((await machine.run("systemctl", "stop", last)).code, 0);
    const url = `http://127.0.0.1:${port}/metrics/job/a`;
    const pushed = await fetch(url, { method: "PUT", body: "a 1\n" });
    assert.equal(pushed.status, 200, await pushed.text());
  }
});

Deno.test("a service whose event loop stands still is ended by the watchdog, and started again", {
  ignore,
}, async () => {
  await using member = await startPushgateway();
  const port = freePort();
  await using machine = await bootMachine({
    program: program!,
    units: { [NAME]: unit.replace("WatchdogSec=30s", "WatchdogSec=1s") },
    config: config(port, member.address),
  });
  assert.equal((await machine.run("systemctl", "start", NAME)).code, 0);
  const before = await machine.property(NAME, "MainPID");
  await machine.run("kill", "-STOP", before);
  const isRestarted = async () => await machine.property(NAME, "NRestarts") !== "0";
  await waitFor(isRestarted, { what: "it to be started again" });
  assert.notEqual(await machine.property(NAME, "MainPID"), before);
});
