/** A thousand members at once are not a thousand lines in the log. @module */

import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import { startService } from "./service.ts";
import { standIn } from "./stand_in.ts";

const MEMBERS = 1_000;
/** Of each phrase: ten lines as they come, and sums after 1, 2, 4, 8, 16 and 32 s. */
const LINES_MAX = 16;

/** Of how many lines those with a phrase stand for. */
function stoodFor(lines: readonly string[], phrase: string): number {
  return linesWith(lines, phrase)
    .reduce((sum, line) => sum + Number(/ more=(\d+)/.exec(line)?.[1] ?? 1), 0);
}

function linesWith(lines: readonly string[], phrase: string): string[] {
  return lines.filter((line) => line.includes(` msg="${phrase}"`));
}

Deno.test("a thousand members that join, die, or are in a new file are a few lines each", async (t) => {
  await using stack = new AsyncDisposableStack();
  const members = Array.from({ length: MEMBERS }, () => stack.use(standIn()));
  const targets = (names: readonly string[]) => JSON.stringify([{ targets: names }]);
  let text = "";
  const service = stack.use(
    await startService({
      config: "mode: proxy\nfile_sd: {files: [targets.json]}\n",
      files: { "targets.json": targets(members.map(({ member }) => member)) },
      onOutput: (more) => text += more,
    }),
  );
  let from = 0;
  /** Waits until some phrases stand for all members. No phrase has more than a few lines. */
  async function heardOf(...phrases: readonly string[]): Promise<void> {
    const lines = () => text.slice(from).split("\n");
    for (const phrase of phrases) {
      await waitFor(() => stoodFor(lines(), phrase) >= MEMBERS, {
        what: `"${phrase}" to stand for ${MEMBERS} lines`,
        msMax: 90_000,
      });
      const sums = linesWith(lines(), phrase).join("\n");
      assert.match(sums, / member="127\.\S+:\d+, .*, …"/, "the first few are named");
    }
    const logged = lines().map((line) => / msg="([^"]+)"/.exec(line)?.[1] ?? "");
    for (const phrase of new Set(logged)) {
      const count = logged.filter((one) => one === phrase).length;
      assert(count <= LINES_MAX, `${count} lines: ${phrase}`);
    }
    from = text.length;
  }

  await t.step("at the start", () => heardOf("member is joining", "member is active"));
  await t.step("when all die at once", async () => {
    await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
    await heardOf("member is suspect");
  });
  await t.step("when a file names a thousand others, which do not answer either", async () => {
    // No member listens on this address of loopback.
    const others = members.map(({ member }) => member.replace("127.0.0.1", "127.0.0.2"));
    const file = service.configFile.replace(/[^/]+$/, "targets.json");
    await Deno.writeTextFile(file, targets(others));
    await heardOf("member is joining", "member cannot join", "member has departed");
  });
});
