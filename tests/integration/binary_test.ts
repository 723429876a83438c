/** What is compiled: its size, and whether its stack traces can be read. */

import assert from "node:assert/strict";
import { bundle, readSource, ROOT } from "../../tools/build.ts";
import { outputOf } from "../../tools/command.ts";
import { startFlags } from "../../tools/permissions.ts";
import { startProcess } from "../../tools/process.ts";

const BEYOND_BARE_BYTES_MAX = 3_000_000;
const COMPILE_MS_MAX = 120_000;

const binary = Deno.env.get("DYNAMIC_SHARDING_BINARY");
/** The Deno it was compiled with, whose runtime is nearly all of its size. */
const [compiler, ...compilerArgs] = (Deno.env.get("COMPILE_DENO") ?? Deno.execPath()).split(" ");

Deno.test("the binary is at most 3 MB larger than a compiled bare Deno.serve", {
  ignore: binary === undefined,
}, async () => {
  const directory = await Deno.makeTempDir();
  try {
    const output = `${directory}/bare`;
    const bare = `${ROOT}bench/bare_server.ts`;
    const args = ["compile", "--quiet", "--no-config", "--allow-net", "--output", output, bare];
    await outputOf(compiler, [...compilerArgs, ...args], { msMax: COMPILE_MS_MAX });
    const [ours, least] = await Promise.all([Deno.stat(binary!), Deno.stat(output)]);
    const beyond = ours.size - least.size;
    assert(beyond <= BEYOND_BARE_BYTES_MAX, `found ${beyond} bytes more than a bare one has`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("the binary leaves nothing behind where temporary files are", {
  ignore: binary === undefined,
}, async () => {
  const directory = await Deno.makeTempDir();
  try {
    await outputOf(binary!, ["--version"], { env: { TMPDIR: directory } });
    assert.deepEqual(await Array.fromAsync(Deno.readDir(directory)), []);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("the log tells by name which functions of the program led to a fault", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const config = `${directory}/dynamic-sharding.yml`;
    await Deno.writeTextFile(config, "pushgateway:\n  servers:\n    - 127.0.0.1:9\n");
    let url = "";
    const preload = `--preload=${ROOT}tests/integration/broken_push.ts`;
    await using service = await startProcess(Deno.execPath(), {
      args: [
        "run",
        ...startFlags(),
        "--no-config",
        "--unstable-net",
        preload,
        await bundle(await readSource()), // it is what is compiled
        `--config.file=${config}`,
        "--web.listen-address=127.0.0.1:0",
      ],
      ready({ output }) {
        const address = /msg=listening address=(\S+)/.exec(output)?.[1];
        url = `http://${address}/metrics/job/broken`;
        return address !== undefined;
      },
    });
    const answer = await fetch(url, { method: "PUT", body: "a 1\n" });
    assert.equal(answer.status, 500);
    await answer.body?.cancel();
    await service.stop();
    const line = service.output().split("\n").find((line) => line.includes("request failed"));
    assert.match(line ?? service.output(), /err="broken on purpose" stack="RangeError: broken/);
    assert.match(line ?? "", /at dispatch \(.*dynamic-sharding\.js:\d+:\d+\)/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
