/** The sentences of the service in Chinese: those that there are, and none that there are not. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inChinese, PHRASES } from "../../../src/http/page/browser/phrases.js";
import type { Listing } from "../../../src/discovery/discovery.ts";
import { MEMBER_STATES, type MemberRecord } from "../../../src/membership/membership.ts";
import { reasonGone, reasonOf } from "../../../src/membership/reasons.ts";
import { member } from "../../membership/story.ts";

const permissions = "none";
const SOURCE = fileURLToPath(new URL("../../../src/", import.meta.url));

const TOLD: readonly [what: string, english: string, chinese: string][] = [
  ["a sentence", "marked as removed", "已标记为移除"],
  ["a sentence with a name", "the same process as a:9091", "与 a:9091 是同一进程"],
  [
    "a sentence in another one",
    "in maintenance in discovery; it is empty and may be stopped",
    "在服务发现中处于维护状态；已空，可以停止",
  ],
  [
    "a sentence, and what Consul says as it is",
    "unhealthy in discovery: dial tcp: connection refused",
    "服务发现报告其不健康：dial tcp: connection refused",
  ],
  [
    "a chain of causes, as far as they are known",
    "no connection: Connection reset by peer (os error 104)",
    "无法连接：Connection reset by peer (os error 104)",
  ],
  ["nothing else", "odd number of components: x", "odd number of components: x"],
  ["no sign of a replacement", "the mark could not be set: $& $1", "无法设置标记：$& $1"],
];
for (const [what, english, chinese] of TOLD) {
  Deno.test(`${what} is told in Chinese`, { permissions }, () => {
    assert.equal(inChinese(english), chinese);
  });
}

/** Every record that a reason may be of, as far as it depends on it. */
function* records(): Generator<MemberRecord> {
  const listing: Listing = { healthy: true, weight: 1, nodes: [] };
  const listings: (Listing | undefined)[] = [
    ...[undefined, listing, { ...listing, healthy: false }],
    { ...listing, healthy: false, maintenance: true },
    { ...listing, healthy: false, complaint: "503" },
  ];
  const departures = ["withdrawn", "released", "forgotten", "lost", "ended", undefined] as const;
  for (const state of MEMBER_STATES) {
    for (const verdict of ["up", "down", "unknown"] as const) {
      for (const listing of listings) {
        for (const departure of departures) {
          for (const drained of [true, false]) {
            const record = { state, verdict, failures: 0, drained };
            yield {
              ...record,
              ...(listing && { listing }),
              ...(departure && { departure }),
            };
          }
        }
      }
    }
    yield { state, verdict: "up", failures: 0, contested: true };
  }
  yield { state: "alias", verdict: "up", failures: 0, aliasOf: member("a") };
}

Deno.test("every reason for a state is told in Chinese", { permissions }, () => {
  const reasons = new Set<string>();
  for (const record of records()) {
    for (const marked of [true, false]) {
      for (const restarted of [true, false]) {
        reasons.add(reasonOf(record, { down: () => "connection refused", marked, restarted }));
      }
    }
  }
  for (const by of ["observed", "given up", "probed"] as const) {
    for (const wasDown of [true, false]) reasons.add(reasonGone(by, wasDown));
  }
  assert(reasons.size > 15, `all of them are made: ${reasons.size}`);
  const english = [...reasons].filter((reason) =>
    /[a-z]/.test(inChinese(reason).replace(/\bgroup\b|a:9091/g, ""))
  );
  assert.deepEqual(english, []);
});

Deno.test("every sentence is one of the service, and its holes are those of the other language", {
  permissions: { read: [SOURCE] },
}, async () => {
  const texts: string[] = [];
  const read = async (directory: string) => {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      const path = `${directory}/${name}`;
      if (isDirectory) await read(path);
      else if (name.endsWith(".ts")) texts.push(await Deno.readTextFile(path));
    }
  };
  await read(SOURCE);
  const source = texts.join("\n");
  const holes = (text: string) => [...text.matchAll(/\{\d\}|\[\d\]/g)].flat().sort();
  for (const [en, zh] of PHRASES) {
    assert.deepEqual(holes(zh), holes(en), en);
    for (const piece of en.split(/\{\d\}|\[\d\]/)) {
      assert(source.includes(piece), `expected ${JSON.stringify(piece)} in src/, as of "${en}"`);
    }
  }
});
