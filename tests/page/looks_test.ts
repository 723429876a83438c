/** How the page looks and reads: languages, colours, small screens, no script, and many members. @module */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { look, startBrowser } from "./browser.ts";
import { startFleet } from "./fleet.ts";
import { showMany } from "./many.ts";

const LOOKS = [
  { name: "light", colorScheme: "light" },
  { name: "dark", colorScheme: "dark" },
  { name: "400 px wide", viewport: { width: 400, height: 800 } },
  { name: "in Chinese", locale: "zh-CN" },
] as const;
for (const { name, ...options } of LOOKS) {
  Deno.test(`axe-core finds nothing wrong with the page ${name}`, async () => {
    await using fleet = await startFleet({ members: 2 });
    await fleet.push("/metrics/job/backup/instance/db1");
    await fleet.sweep();
    await using browser = await startBrowser();
    await using one = await look(browser, fleet.app.url, options);
    const { page } = one;
    await page.locator("#groups-result tbody tr").waitFor();
    await page.fill("#locate-form input", "job=backup,instance=db1");
    await page.keyboard.press("Enter");
    await page.locator("#locate-result dd").first().waitFor();
    await page.fill("#plan-form [name=add]", "10.0.0.4:9091");
    await page.keyboard.press("Enter");
    await page.locator("#plan-result p").first().waitFor();
    assert.deepEqual(await one.audit(), []);
    const [needed, given] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert(needed <= given, `nothing has to be scrolled to the side: ${needed} of ${given} px`);
  });
}

Deno.test("the page speaks the language of the browser", async () => {
  await using fleet = await startFleet({ members: 1 });
  await using browser = await startBrowser();
  for (
    const [locale, lang, members, active] of [
      ["en-GB", "en", "Members", "active"],
      ["zh-TW", "zh-CN", "成员", "活动"],
      ["fr-FR", "en", "Members", "active"],
    ]
  ) {
    await using one = await look(browser, fleet.app.url, { locale });
    const { page } = one;
    await page.locator("#members-body .state", { hasText: active }).waitFor();
    assert.equal(await page.locator("#members-title").innerText(), members);
    assert.equal(await page.locator("html").getAttribute("lang"), lang);
  }
});

Deno.test("without a script there are plain tables", async () => {
  await using fleet = await startFleet({ members: 2 });
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url, { javaScriptEnabled: false });
  const { page } = one;
  for (const { address } of fleet.members) {
    assert.equal(await page.locator("td", { hasText: new RegExp(`^${address}$`) }).count(), 1);
  }
  assert.equal(await page.locator(".scripted").isVisible(), false);
  assert(await page.locator("td", { hasText: "members was published" }).count() > 0);
});

Deno.test("1,000 members are shown in part, and a change of one touches one row", async () => {
  await using fleet = await startFleet({ members: 1 });
  await using browser = await startBrowser();
  const many = showMany(1_000);
  await using one = await look(browser, fleet.app.url, { prepare: many.prepare });
  const { page } = one;
  const rows = page.locator("#members-body tr");
  await rows.first().waitFor();
  assert.equal(await rows.count(), 250);
  await page.getByRole("button", { name: "Show all 1" }).click();
  assert.equal(await rows.count(), 1_000);

  await watchRows(page);
  many.change(500, { state: "suspect", why: "does not answer our probe" });
  await page.locator("#members-body .state.suspect").waitFor();
  assert.equal(await page.evaluate(() => (globalThis as unknown as Watched).changed.size), 1);
  await page.fill("#members-filter", "suspect");
  assert.equal(await rows.count(), 1);
  await page.fill("#members-filter", "");
  assert.equal(await rows.count(), 1_000);
});

interface Watched {
  changed: Set<Node>;
}

/** Gathers the rows whose cells change. */
async function watchRows(page: Page): Promise<void> {
  await page.evaluate(() => {
    const watched = globalThis as unknown as Watched;
    watched.changed = new Set();
    new MutationObserver((records) => {
      for (const { target } of records) if (target.nodeName === "TR") watched.changed.add(target);
    }).observe(document.querySelector("#members-body") as Node, { childList: true, subtree: true });
  });
}
