/**
 * A few clients of docs/redirected-clients.md are run again, and the kinds of clients that the service knows
 * are held against its tables. `deno task clients --all` runs all of them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CLIENT_KINDS, clientKindOf } from "../../../src/http/push/client_kinds.ts";
import { read } from "../../docs/pages.ts";
import { fewClients } from "./few_clients.ts";
import { startRecorder } from "./recorder.ts";
import { BODIES, survey } from "./survey.ts";
import { differences, PAGE, parseTables, renderTables, withTables } from "./table.ts";

Deno.test("clients do on a 307 what docs/redirected-clients.md says of a version of them", async (t) => {
  const rows = parseTables(await read(PAGE));
  await using recorder = await startRecorder();
  for (const client of await fewClients()) {
    const { language, name, bodies } = client;
    await t.step(`${language} ${name}`, async () => {
      const [seen] = parseTables(renderTables([await survey(client, recorder)]));
      const outcomesOf = (row: typeof seen) => bodies.map((body) => row.outcomes[body]).join(", ");
      const described = rows.filter((row) => row.language === language && row.name === name);
      assert(described.map(outcomesOf).includes(outcomesOf(seen)), outcomesOf(seen));
    });
  }
});

Deno.test("the service knows a kind of client for what the tables say of it", async () => {
  const rows = parseTables(await read(PAGE));
  assert(rows.length >= 60, `${rows.length} rows`);
  const used = new Set<string>();
  for (const { name, userAgents, outcomes } of rows) {
    // What streams is not redirected, unless a proxy has hidden that. An open file streams with urllib3.
    const { stream, ...lengths } = outcomes;
    if (name === "urllib3") lengths.file = "–";
    const seen = Object.values(lengths).filter((outcome) => outcome !== "–");
    for (const agent of userAgents) {
      const { name: kind, redirected, emptiesStreams } = clientKindOf(["user-agent", agent]);
      used.add(kind);
      if (kind === "other" || kind === "none") continue;
      const what = `${name}, ${agent}: ${seen}`;
      if (stream.includes("empties")) assert(emptiesStreams || redirected === "empties", what);
      if (redirected === "follows") {
        assert(seen.every((outcome) => outcome.endsWith("works")), what);
      }
      if (redirected === "mostly") assert(!seen.join().match(/307|lost|empties|GET/), what);
      if (redirected === "loses") assert(!seen.join().match(/empties|GET/), what);
    }
  }
  const unseen = CLIENT_KINDS.filter(({ name }) => !used.has(name)).map(({ name }) => name);
  // It is told from other Go programs by its content type.
  assert.deepEqual(unseen, ["client_golang", "none"]);
});

Deno.test("a row that was seen otherwise is found, and written", { permissions: "none" }, () => {
  const table = (cell: string) =>
    `### Go\n\n| client | version | User-Agent | ${BODIES.join(" | ")} | sees | set |\n` +
    `| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n` +
    `| net/http | 1.19 | \`Go\` | ${cell} | works | 307 | 307 | – | \`auto\` |\n`;
  const page = `# Page\n\n## What was run\n\nRun on 2026-01-02.\n\n${table("works")}`;
  assert.deepEqual(differences(page, table("works").replaceAll(" | ", "   | ")), []);
  assert.deepEqual(differences(page, table("lost")), [
    "- Go: net/http | 1.19 | `Go` | works | works | 307 | 307 | – | `auto`",
    "+ Go: net/http | 1.19 | `Go` | lost | works | 307 | 307 | – | `auto`",
  ]);
  const written = withTables(page, table("lost"), "2026-03-04");
  assert.deepEqual(differences(written, table("lost")), []);
  assert.match(written, /^# Page\n\n## What was run\n\nRun on 2026-03-04\.\n\n### Go\n/);
});
