/** The README's first command. @module */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { run } from "../../tools/command.ts";
import { startProcess } from "../../tools/process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

Deno.test("the demo with --once kills a Pushgateway, shows that only its groups move, and ends", async () => {
  const { code, stdout, stderr } = await run(
    Deno.execPath(),
    ["task", "--quiet", "demo", "--once"],
    {
      cwd: ROOT,
      msMax: 300_000,
    },
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /\n\d+ of 16 groups moved: those of the dead member, and no others\n$/);
});

Deno.test("the demo stays up until SIGINT and leaves nothing behind", async () => {
  await using demo = await startProcess(Deno.execPath(), {
    name: "demo",
    args: ["run", "-A", `${ROOT}tools/demo.ts`],
    readyMsMax: 300_000,
    ready: ({ output }) => output.includes("Ctrl-C ends it all."),
  });
  const output = demo.output();
  const ports = new Set(
    [...output.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port)),
  );
  assert(ports.size >= 5, `Consul, the service and three Pushgateways: ${output}`);
  const connects = async (port: number) => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch {
      return false;
    }
  };
  for (const port of ports) assert(await connects(port), `port ${port} is up`);

  demo.kill("SIGINT");
  assert.equal((await demo.exited).code, 0, demo.output());
  for (const port of ports) assert(!await connects(port), `port ${port} is down`);
});
