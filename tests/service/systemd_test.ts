import assert from "node:assert/strict";
import { openManager } from "../../src/service/systemd.ts";
import { recordLog } from "../model/log.ts";

const ignore = Deno.build.os === "windows";
const decoder = new TextDecoder();

/** The socket of a service manager in a directory, and what the log was told. */
async function serviceManager() {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "notify-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const path = `${directory}/notify`;
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  stack.defer(() => socket.close());
  const lines: string[] = [];
  const log = recordLog((line) => void lines.push(line.replace(/^\w+ | \{.*/g, "")));
  const kept = stack.move();
  return {
    directory,
    path,
    lines,
    log,
    heard: async () => decoder.decode((await socket.receive())[0]),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const environment = (variables: Record<string, string>) => (name: string) => variables[name];

Deno.test("the service manager hears what it is told", { ignore }, async () => {
  await using there = await serviceManager();
  const env = environment({ NOTIFY_SOCKET: there.path, RUNTIME_DIRECTORY: there.directory });
  {
    using manager = openManager({ env, pid: 42, log: there.log });
    await manager.tell("READY=1");
    assert.equal(await there.heard(), "READY=1");
    assert.equal((await Deno.lstat(`${there.directory}/notify-42`)).isSymlink, false);
  }
  await assert.rejects(Deno.lstat(`${there.directory}/notify-42`), Deno.errors.NotFound);
  assert.deepEqual(there.lines, []);
});

Deno.test("the watchdog hears that the event loop turns, three times as often as it has to", {
  ignore,
}, async () => {
  await using there = await serviceManager();
  const env = environment({
    NOTIFY_SOCKET: there.path,
    RUNTIME_DIRECTORY: there.directory,
    WATCHDOG_USEC: "60000",
    WATCHDOG_PID: "42",
  });
  using manager = openManager({ env, pid: 42, log: there.log });
  const stop = new AbortController();
  const began = performance.now();
  const alive = manager.keepAlive(stop.signal);
  for (let i = 0; i < 4; i++) assert.equal(await there.heard(), "WATCHDOG=1");
  assert(performance.now() - began >= 50, "three waits of 20 ms");
  stop.abort();
  await alive;
});

Deno.test("the watchdog of another process hears nothing", { ignore }, async () => {
  await using there = await serviceManager();
  const env = environment({
    NOTIFY_SOCKET: there.path,
    RUNTIME_DIRECTORY: there.directory,
    WATCHDOG_USEC: "1000",
    WATCHDOG_PID: "41",
  });
  using manager = openManager({ env, pid: 42, log: there.log });
  await manager.keepAlive(AbortSignal.timeout(30));
  await manager.tell("STOPPING=1");
  assert.equal(await there.heard(), "STOPPING=1");
});

Deno.test("without a service manager nothing is told, and nothing is wrong", async () => {
  await using there = await serviceManager();
  using manager = openManager({ env: () => undefined, pid: 42, log: there.log });
  await manager.tell("READY=1");
  await manager.keepAlive(AbortSignal.abort());
  assert.deepEqual(there.lines, []);
});

Deno.test(
  "a service manager that does not listen is logged once, and when it does, and ends nothing",
  {
    ignore,
  },
  async () => {
    await using there = await serviceManager();
    const env = environment({
      NOTIFY_SOCKET: `${there.directory}/nobody`,
      RUNTIME_DIRECTORY: there.directory,
    });
    using manager = openManager({ env, pid: 42, log: there.log });
    await manager.tell("READY=1");
    await manager.tell("STOPPING=1");
    const fails = "notifying the service manager failed";
    assert.deepEqual(there.lines, [fails]);
    const path = `${there.directory}/nobody`;
    const socket = Deno.listenDatagram({ transport: "unixpacket", path });
    using _socket = { [Symbol.dispose]: () => socket.close() };
    await manager.tell("READY=1");
    assert.deepEqual(there.lines, [fails, "notifying the service manager works again"]);
  },
);
