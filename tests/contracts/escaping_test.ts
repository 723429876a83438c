/** Label names on a Pushgateway's page, for scrapers that do not take any UTF-8. @module */

import assert from "node:assert/strict";
import { escapingOf, isUnescaped } from "../../src/pushgateway/pages/escaping.ts";
import { readLabels } from "../../src/pushgateway/pages/text_sample.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { pushTo } from "../seams/groups.ts";

const NAMES = [
  "a_b",
  "a:b",
  "1x",
  "my.dot_x",
  "my-dash",
  "é_é",
  "\u{1f600}",
  "a b",
  "a.b",
  "x1.",
  "_a.b",
];

Deno.test("label names are escaped as a real Pushgateway does it", async () => {
  await using member = await startPushgateway({ flags: ["--push.enable-utf8-names"] });
  for (const [i, name] of NAMES.entries()) {
    const path = `/metrics/job/job${i}/${encodeURIComponent(name)}/value`;
    assert.equal(await pushTo(member, path, { body: "m 1\n" }), 200, name);
  }
  for (const scheme of ["underscores", "dots", "values", "allow-utf-8", undefined]) {
    const escaping = scheme === undefined ? "" : `;escaping=${scheme}`;
    const page = await fetch(`${member.url}/metrics`, {
      headers: { accept: `text/plain;version=0.0.4${escaping}` },
    });
    const contentType = page.headers.get("content-type") ?? "";
    assert.equal(isUnescaped(contentType), scheme === "allow-utf-8", contentType);
    const escape = escapingOf(contentType);
    const lines = (await page.text()).split("\n").filter((line) => line.startsWith("m{"));
    const found = new Map(lines.map((line) => {
      const { labels } = readLabels(line, 2);
      const job = labels.find(([name]) => name === "job")?.[1];
      return [job, labels.find(([, value]) => value === "value")?.[0]];
    }));
    for (const [i, name] of NAMES.entries()) {
      assert.equal(escape(name), found.get(`job${i}`), `${name} by ${scheme}`);
    }
  }
});

Deno.test("a Pushgateway that says nothing of escaping leaves names as they are", {
  permissions: "none",
}, () => {
  const escape = escapingOf("text/plain; version=0.0.4; charset=utf-8");
  assert.equal(escape("a.b"), "a.b");
});
