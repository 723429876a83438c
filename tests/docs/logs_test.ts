/** docs/logs.md lists each line that the code logs, and no other. */

import assert from "node:assert/strict";
import { type LogCall, readLogCalls } from "./log_calls.ts";
import { read } from "./pages.ts";

type Line = Omit<LogCall, "place">;

/** The entries of the page: `- **level** `phrase` (`field`, …): what it means`. */
function linesOf(page: string): Line[] {
  return page.split(/^- (?=\*\*)/m).slice(1).filter((entry) =>
    /^\*\*(debug|info|warn|error)/.test(entry)
  )
    .map((entry) => {
      const text = entry.replaceAll(/\s+/g, " ");
      const found = /^\*\*(\w+)\*\* `([^`]+)`(?: \(((?:`\w+`(?:, )?)+)\))?: \S/.exec(text);
      assert(found, `expected a level, a phrase, fields in parentheses and a text, found: ${text}`);
      const [, level, phrase, fields = ""] = found;
      return { level, phrase, fields: [...fields.matchAll(/\w+/g)].map(([name]) => name).sort() };
    });
}

const shown = ({ level, phrase, fields }: Line) => `${level} "${phrase}" ${fields.join(" ")}`;

/** Each phrase once, with the fields of all its lines. */
function merged(calls: readonly Line[]): string[] {
  const lines = new Map<string, Line>();
  for (const { level, phrase, fields } of calls) {
    const key = `${level} ${phrase}`;
    const all = new Set([...lines.get(key)?.fields ?? [], ...fields]);
    lines.set(key, { level, phrase, fields: [...all].sort() });
  }
  return [...lines.values()].map(shown).sort();
}

Deno.test("docs/logs.md lists each line that the code logs with its level and fields, and no other", async () => {
  const listed = linesOf(await read("docs/logs.md")).map(shown).sort();
  assert(listed.length > 100, `entries are found: ${listed.length}`);
  assert.equal(new Set(listed).size, listed.length, "no line is listed twice");
  assert.deepEqual(listed, merged(readLogCalls()));
});

Deno.test("a phrase has one level, and is no sentence", () => {
  const levels = new Map<string, string>();
  for (const { level, phrase, place } of readLogCalls()) {
    assert.equal(levels.get(phrase) ?? level, level, `${place}: ${phrase}`);
    levels.set(phrase, level);
    assert.doesNotMatch(phrase, /\.$|\n|;/, place);
  }
});

Deno.test("an entry without its level, or with a field too many, is found", () => {
  const entry = "- **info** `member is active` (`member`,\n  `reason`): It gets pushes.\n";
  assert.deepEqual(linesOf(entry), [
    { level: "info", phrase: "member is active", fields: ["member", "reason"] },
  ]);
  assert.throws(() => linesOf("- **info** member is active: It gets pushes."), /expected a level/);
});
