import assert from "node:assert/strict";
import { run } from "../../tools/command.ts";
import { startProcess } from "../../tools/process.ts";
import { startServer } from "../../tools/server.ts";
import { waitFor } from "../../tools/wait.ts";

const permissions = { run: true } as const;
const sh = (script: string) => ["-c", script];

Deno.test("a program is ready when its check says so", { permissions }, async () => {
  await using process = await startProcess("sh", {
    args: sh("echo listening; exec sleep 60"),
    ready: ({ output }) => output.includes("listening"),
  });
  assert.match(process.output(), /^listening\n$/);
});

Deno.test("all that a program prints is told, also what its output keeps no longer", {
  permissions,
}, async () => {
  let told = "";
  await using process = await startProcess("sh", {
    args: sh("echo first; i=0; while [ $i -lt 2000 ]; do echo 0123456789; i=$((i+1)); done"),
    onOutput: (text) => told += text,
  });
  await process.exited;
  assert.match(told, /^first\n/);
  assert.equal(told.length, "first\n".length + 2_000 * "0123456789\n".length);
  assert.doesNotMatch(process.output(), /first/);
});

Deno.test("a program that exits too early shows what it said", { permissions }, async () => {
  const start = startProcess("sh", {
    name: "the server",
    args: sh("echo starting; echo no such flag >&2; exit 3"),
    ready: () => false,
  });
  await assert.rejects(start, (error: Error) => {
    assert.match(error.message, /^the server exited with code 3 before it was ready/);
    assert.match(error.message, /starting/);
    assert.match(error.message, /no such flag/);
    return true;
  });
});

Deno.test("a program that is not ready in time is stopped", { permissions }, async () => {
  let pid = "";
  const start = startProcess("sh", {
    args: sh("echo $$; exec sleep 60"),
    ready: ({ output }) => {
      pid = output.trim();
      throw new Error("connection refused");
    },
    readyMsMax: 200,
  });
  await assert.rejects(start, (error: Error) => {
    assert.match(error.message, /^waited 200 ms in vain for sh to be ready; its output ended:\n\d/);
    assert.match(String(error.cause), /connection refused/);
    return true;
  });
  assert.match(pid, /^\d+$/);
  assert(!await isRunning(Number(pid)));
});

Deno.test("a command that is not there is an error", { permissions }, async () => {
  await assert.rejects(startProcess("/nowhere/at/all"), Deno.errors.NotFound);
});

Deno.test("a program that takes no notice of SIGTERM is killed", { permissions }, async () => {
  const process = await startProcess("sh", {
    args: sh("trap '' TERM; echo deaf; while :; do sleep 0.1; done"),
    ready: ({ output }) => output.includes("deaf"),
    stopMsMax: 50,
  });
  const { signal } = await process.stop();
  assert.equal(signal, "SIGKILL");
  process.kill("SIGTERM"); // nobody is there any more: nothing happens
  await process.stop();
});

Deno.test("a program that was paused can be stopped", { permissions }, async () => {
  const process = await startProcess("sh", { args: sh("exec sleep 60") });
  process.kill("SIGSTOP");
  assert.equal((await process.stop()).signal, "SIGTERM");
});

Deno.test("a grandchild that keeps the output open does not delay the end", {
  permissions,
}, async () => {
  const process = await startProcess("sh", {
    args: sh("sleep 60 & echo $!; wait"),
    ready: ({ output }) => output.endsWith("\n"),
  });
  const grandchild = Number(process.output());
  await process.stop();
  Deno.kill(grandchild, "SIGKILL");
});

Deno.test("only the end of much output is kept", { permissions }, async () => {
  const process = await startProcess("sh", {
    args: sh("i=0; while [ $i -lt 4000 ]; do echo line $i; i=$((i+1)); done"),
  });
  assert.equal((await process.exited).code, 0);
  assert(process.output().length <= 16_384);
  assert.match(process.output(), /line 3999\n$/);
});

Deno.test("a server can be killed and started again until it is disposed", {
  permissions,
}, async () => {
  const runs: string[] = [];
  let cleanedUp = 0;
  const launch = () => {
    runs.push("run");
    return startProcess("sh", { args: sh("exec sleep 60") });
  };
  const server = await startServer(launch, () => Promise.resolve(void cleanedUp++));
  const first = server.pid();
  await assert.rejects(server.start(), /expected a stopped server, found a running/);
  await server.kill9();
  await server.start();
  assert.notEqual(server.pid(), first);
  await server.stop();
  await server.start();
  assert.equal(runs.length, 3);
  assert.equal(cleanedUp, 0);

  await server[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  assert.equal(cleanedUp, 1);
  assert(!await isRunning(server.pid()));
  await assert.rejects(server.start(), /found a disposed/);
});

Deno.test("a server that was killed by a signal can start again", { permissions }, async () => {
  await using server = await startServer(() => startProcess("sh", { args: sh("exec sleep 60") }));
  const first = server.pid();
  server.kill("SIGKILL");
  await waitFor(() => server.start().then(() => true), { what: "the second run" });
  assert.notEqual(server.pid(), first);
});

Deno.test("a server that cannot start leaves nothing behind", { permissions }, async () => {
  let cleanedUp = 0;
  const launch = () => startProcess("sh", { args: sh("exit 1"), ready: () => false });
  const start = startServer(launch, () => Promise.resolve(void cleanedUp++));
  await assert.rejects(start, /exited with code 1/);
  assert.equal(cleanedUp, 1);
});

async function isRunning(pid: number): Promise<boolean> {
  return (await run("sh", sh(`kill -0 ${pid}`))).code === 0;
}
