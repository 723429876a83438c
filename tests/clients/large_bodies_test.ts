/** A redirect reaches clients that are still sending: large pushes of those that follow one. @module */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { outputOf, run } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { startFleet } from "./fleet.ts";
import { buildWithClientGolang } from "./go_client.ts";

const SIZES = [0, 10_000, 100_000, 1_000_000, 3_000_000];
const TRIES = 100;
const RUN_MS_MAX = 120_000;

Deno.test(`a redirect reaches a client that sends up to 3 MB, in each of ${TRIES} pushes`, async (t) => {
  const source = new URL("scripts/client_golang_push.go", import.meta.url);
  const program = await buildWithClientGolang(fileURLToPath(source));
  const { wget } = await ensureComponents(["wget"]);
  await using fleet = await startFleet();
  const { redirect } = fleet.services;
  const address = redirect.url.slice("http://".length);
  for (const bytes of SIZES) {
    await t.step(`client_golang with ${bytes} bytes`, async () => {
      const args = ["LARGE", address, `golang-${bytes}`, `${bytes}`, `${TRIES}`];
      const text = await outputOf(program, args, { msMax: RUN_MS_MAX });
      assert.equal(text, "0\n");
    });
    await t.step(`wget with ${bytes} bytes`, async () => {
      const file = await Deno.makeTempFile();
      try {
        await Deno.writeTextFile(file, `# ${"x".repeat(97)}\n`.repeat(bytes / 100));
        const url = `${redirect.url}/metrics/job/wget-${bytes}`;
        const args = ["--quiet", "--tries=1", "--output-document=-", "--method=PUT"];
        const failures: string[] = [];
        for (let i = 0; i < TRIES; i++) {
          const { code, stderr } = await run(wget.command, [...args, `--body-file=${file}`, url], {
            env: { ...wget.env, no_proxy: "127.0.0.1" },
            msMax: RUN_MS_MAX,
          });
          if (code !== 0) failures.push(`${code} ${stderr}`);
        }
        assert.deepEqual(failures, []);
      } finally {
        await Deno.remove(file);
      }
    });
  }
});
