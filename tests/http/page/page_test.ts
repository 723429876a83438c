/** What a browser and curl are answered, and that the page is whole. */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { createPage } from "../../../src/http/page/page.ts";
import { PAGE_FILES } from "../../../src/http/page/files.ts";
import { KEYS, languageOf, wordsOf } from "../../../src/http/page/browser/words.js";
import type { MemberView, OverviewView } from "../../../src/http/api/views.ts";
import { member } from "../../membership/story.ts";
import { answerOf, incoming } from "../messages.ts";

const permissions = "none";
const PAGE_GZIPPED_MAX = 60_000;
const OVERVIEW: OverviewView = {
  ...{ version: "1.0.0", started: "2026-11-29T08:15:30Z", ready: true, reason: "2 members" },
  ...{
    mode: "auto",
    handoff: true,
    admin_api: false,
    discovery: "up",
    config_hash: "9f86d081",
    last_event: 0,
  },
  ring: { hash: 1, members: 2, kept: false },
  states: { active: 1, suspect: 1 },
  instances: [],
};
const MARKUP = `<script>alert("1")</script>&'`;
const MEMBERS: MemberView[] = [
  {
    ...{
      member: member("a"),
      state: "active",
      in_ring: true,
      drained: false,
      weight: 1,
      share: 0.5,
    },
    ...{ since: "2026-11-29T08:15:30Z", why: "healthy", groups: 12_345, misplaced: 0 },
  },
  {
    member: member("b"),
    state: "suspect",
    in_ring: false,
    drained: false,
    why: `${MARKUP}\x1b[2J`,
  },
];
const page = createPage(() => ({ overview: OVERVIEW, members: MEMBERS, events: [] }));
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

function ask(headers: Record<string, string>): Response {
  return answerOf(page.index(incoming(new Request("http://h/", { headers }))));
}

for (const accept of ["*/*", "text/plain", "application/json"]) {
  Deno.test(`who accepts ${accept} gets the table as text`, { permissions }, async () => {
    const answer = ask({ accept });
    assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
    const [title, problem, empty, header, a, b] = (await answer.text()).split("\n");
    assert.equal(problem, `! Suspect members (1): b:9091 (${MARKUP} [2J)`, "it is one line");
    assert.equal(empty, "");
    assert.equal(title, "dynamic-sharding 1.0.0: ready, 2 members");
    assert.match(header, /^MEMBER +STATE +SINCE +WEIGHT +SHARE +GROUPS +MISPLACED +MISSING +WHY$/);
    assert.match(a, /^a:9091 +active +2026-11-29T08:15:30Z +1 +50\.0% +12345 +0 +- +healthy$/);
    assert.match(b, /^b:9091 +suspect/);
    assert(b.endsWith(`${MARKUP} [2J`), "a terminal is told nothing");
  });
}

Deno.test(
  "a browser gets HTML in which nothing of a member is markup",
  { permissions },
  async () => {
    const answer = ask({ accept: BROWSER });
    assert.match(answer.headers.get("content-type") ?? "", /^text\/html/);
    const text = await answer.text();
    assert(text.startsWith("<!DOCTYPE html>"));
    assert(!text.includes("<script>"));
    assert(text.includes("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"));
    assert.doesNotMatch(text, /\s(?:style|on\w+)=/, "the policy would forbid it");
    assert.doesNotMatch(text, /(?:href|src)="(?:\/|https?:)/, "it may be behind a prefix");
  },
);

Deno.test("the policy lets in what comes from here, and nothing inline", { permissions }, () => {
  const policy = ask({ accept: BROWSER }).headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:|data:/);
});

const LANGUAGES = [
  ["zh-CN,zh;q=0.9,en;q=0.8", "zh"],
  ["zh", "zh"],
  ["en-US,zh;q=0.5", "en"],
  ["fr,zh-TW;q=0.5,en;q=0.1", "zh"],
  ["fr", "en"],
  ["", "en"],
] as const;
for (const [accepted, language] of LANGUAGES) {
  Deno.test(`"${accepted}" is answered in ${language}`, { permissions }, async () => {
    assert.equal(languageOf(accepted), language);
    const answer = ask({ accept: BROWSER, "accept-language": accepted });
    assert.match(await answer.text(), new RegExp(`<html lang="${language}`));
    assert.equal(answer.headers.get("vary"), "accept, accept-language");
  });
}

Deno.test("files have an ETag, and one that does not exist is 404", { permissions }, () => {
  const file = (name: string, headers = {}) =>
    answerOf(page.file(`/assets/${name}`, incoming(new Request("http://h/", { headers }))));
  const { status, headers } = file("main.js");
  assert.deepEqual([status, headers.get("content-type")], [200, "text/javascript;charset=UTF-8"]);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(file("main.js", { "if-none-match": headers.get("etag") }).status, 304);
  assert.equal(file("../main.js").status, 404);
});

Deno.test(
  "each script imports what is there, and each file is needed",
  { permissions },
  async () => {
    const needed = new Set(["main.js"]);
    for (const name of needed) {
      const { text } = PAGE_FILES.get(name) ?? assert.fail(`${name} is no file of the page`);
      for (const [, imported] of text.matchAll(/^(?:import|export) [^;]*from "\.\/([\w.]+)"/gm)) {
        needed.add(imported);
      }
    }
    const html = await ask({ accept: BROWSER }).text();
    for (const [, name] of html.matchAll(/(?:href|src)="assets\/([^"]+)"/g)) needed.add(name);
    assert.deepEqual([...needed].sort(), [...PAGE_FILES.keys()].sort());
  },
);

Deno.test("each word is used, is there in both languages, and has the same values", {
  permissions: { read: true },
}, async () => {
  const texts = [...PAGE_FILES].filter(([name]) => name !== "words.js").map(([, { text }]) => text);
  const html = new URL("../../../src/http/page/document.ts", import.meta.url);
  const all = [...texts, await Deno.readTextFile(html)].join("\n");
  const values = (text: string) => [...new Set(text.match(/\{\d\}/g) ?? [])].sort();
  for (const key of KEYS) {
    const [en, zh] = (["en", "zh"] as const).map((language) =>
      wordsOf(language)(key, "{0}", "{1}", "{2}", "{3}")
    );
    assert.deepEqual(values(zh), values(en), key);
    assert(key.startsWith("state") || new RegExp(`["']${key}["']`).test(all), `${key} is not used`);
  }
  for (const [, key] of all.matchAll(/\bwords\(\s*"(\w+)"/g)) assert(KEYS.includes(key), key);
});

Deno.test("page, script and style are below 60 KB gzipped", { permissions }, async () => {
  const html = await ask({ accept: BROWSER }).text();
  const texts = [html, ...[...PAGE_FILES.values()].map(({ text }) => text)];
  const bytes = texts.reduce((sum, text) => sum + gzipSync(text).length, 0);
  assert(bytes < PAGE_GZIPPED_MAX, `${bytes} bytes`);
});
