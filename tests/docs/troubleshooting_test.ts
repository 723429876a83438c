/** What the pages on trouble quote is what the program says. @module */

import assert from "node:assert/strict";
import { inlineCodeOf } from "./markdown.ts";
import { read, ROOT } from "./pages.ts";

const permissions = { read: [ROOT] };
/** What is typed, and not what the program says. */
const COMMAND = /^(consul|curl|drain|openssl|dynamic-sharding|journalctl|systemctl) /;

/** What the TLS of the runtime says, as we pass it on. */
const OF_THE_RUNTIME = new Set(["received fatal alert: CertificateRequired"]);

/** All modules below src/ as one text, in which strings that go over several lines are joined. */
async function sourceText(directory = "src"): Promise<string> {
  let text = "";
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}${directory}`)) {
    const path = `${directory}/${name}`;
    text += isDirectory ? await sourceText(path) : await read(path);
  }
  return text.replaceAll(/["`] \+\s+["`]/g, "");
}

/** What a page quotes of the log and of answers: as long as a sentence, at least. */
function quotesIn(page: string): string[] {
  return inlineCodeOf(page).flatMap((code) => {
    const line = /^msg="(.*)"$/.exec(code);
    if (line) return [line[1]];
    if (COMMAND.test(code) || OF_THE_RUNTIME.has(code)) return [];
    return code.split(" ").length >= 3 ? [code] : [];
  });
}

/** What is left out of a quotation, and what stands there depends on the case. */
function partsOf(quote: string): string[] {
  return quote.split("…").map((part) => part.replaceAll(/^[\s;:]+|[\s;:]+$/g, "")).filter((part) =>
    part !== ""
  );
}

const PAGES: Readonly<Record<string, number>> = {
  "docs/troubleshooting.md": 40,
  "docs/consul.md": 20,
};
for (const [page, atLeast] of Object.entries(PAGES)) {
  Deno.test(`every log line and answer that ${page} quotes is in the source`, {
    permissions,
  }, async () => {
    const source = await sourceText();
    const quotes = quotesIn(await read(page));
    assert(quotes.length > atLeast, `quotations are found: ${quotes.length}`);
    const missing = quotes.filter((quote) =>
      !partsOf(quote).every((part) => source.includes(part))
    );
    assert.deepEqual(missing, []);
  });
}

Deno.test("a quotation that nothing says is found", { permissions }, async () => {
  const source = await sourceText();
  const [line, answer] = quotesIn('It logs `msg="no such line"`, and answers `no such answer, …`.');
  for (const quote of [line, answer]) {
    assert(!partsOf(quote).every((part) => source.includes(part)), quote);
  }
});
