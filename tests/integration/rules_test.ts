/** The alerting rules, checked and tried by Prometheus's own promtool. @module */

import assert from "node:assert/strict";
import { basename } from "node:path";
import { run } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { RULES, ruleTests } from "../monitoring/rules.ts";

async function promtool(...args: string[]): Promise<void> {
  const { promtool: { command, env } } = await ensureComponents(["promtool"]);
  const { code, stdout, stderr } = await run(command, args, { env });
  assert.equal(code, 0, stdout + stderr);
}

Deno.test("promtool finds nothing wrong with the alerting rules", async () => {
  await promtool("check", "rules", "--lint=all", "--lint-fatal", RULES);
});

for (const file of await ruleTests()) {
  Deno.test(`the alerts are those that ${basename(file)} expects`, async () => {
    await promtool("test", "rules", file);
  });
}
