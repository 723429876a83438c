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

Deno.test("in Chinese reasons, events and refusals are Chinese, and quotes as they are", async () => {
  await using fleet = await startFleet();
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url, { locale: "zh-CN" });
  const { page } = one;
  const [first] = fleet.members;
  await page.locator("#members-body .why", { hasText: "健康，且响应探测" }).nth(2).waitFor();
  await first.kill9();
  await page.locator("#members-body .why", { hasText: "连接被拒绝" }).waitFor();
  await page.locator("#problems", { hasText: `${first.address} (连接被拒绝)` }).waitFor();
  await page.locator("#events-body tr", { hasText: "活动 → 可疑：连接被拒绝" }).waitFor();

  await page.fill("#plan-form [name=remove]", "10.0.0.9:9091");
  await page.click("#plan-form button");
  await page.locator("#plan-result .refused", { hasText: "10.0.0.9:9091 不在哈希环中" }).waitFor();
  await page.fill("#locate-form input", "/metrics/job/a/b");
  await page.keyboard.press("Enter");
  await page.locator("#locate-result .refused", { hasText: "odd number of components" }).waitFor();
  assert(one.complaints().every((text) => text.includes("400")));
});

Deno.test("members whose groups cannot be read are named, and the reason with them", async () => {
  await using fleet = await startFleet({ members: 1 });
  await using browser = await startBrowser();
  const many = showMany(3);
  many.change(1, { unread: "no answer within 30000 ms" });
  await using one = await look(browser, fleet.app.url, { prepare: many.prepare });
  const { page } = one;
  const why = "10.0.0.1:9091 (no answer within 30000 ms)";
  await page.locator("#problems .bad", { hasText: why }).waitFor();
  await page.locator("#members-body .why", { hasText: "Groups cannot be read: no answer" })
    .waitFor();
  assert.equal(
    await page.locator("#underway-sweep").innerText(),
    "2 of 3 members could be read the last time.",
  );
  assert.deepEqual(await one.audit(), []);
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

/** What the issue of the page allows for the first paint. It takes 0.2 s. */
const FIRST_PAINT_SECONDS_MAX = 1;
const FRAMES = 60;
/** The time of a frame. Its work takes 0.0025 s. */
const FRAME_SECONDS = 1 / 60;

Deno.test("the work for 1,000 members leaves time: before the first rows, and in each frame of scrolling", async () => {
  await using fleet = await startFleet({ members: 1 });
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url, { prepare: showMany(1_000).prepare });
  const { page } = one;
  const cdp = await page.context().newCDPSession(page);
  // CPU time of the main thread: other work on the machine does not count.
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const measure = async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    return new Map(metrics.map(({ name, value }) => [name, value]));
  };
  const of = (measured: Map<string, number>, name: string) =>
    measured.get(name) ?? assert.fail(`expected the metric ${name}, found none`);
  await page.locator("#members-body tr").first().waitFor();
  const firstPaint = of(await measure(), "TaskDuration");
  assert(firstPaint < FIRST_PAINT_SECONDS_MAX, `the first rows took ${firstPaint} s`);

  await page.getByRole("button", { name: "Show all 1" }).click();
  const middle = page.locator("#members-body tr").nth(500);
  await middle.hover(); // what is under the pointer changes while it is scrolled
  const before = await measure();
  await page.evaluate(async (frames) => {
    for (let i = 0; i < frames; i++) {
      scrollBy(0, 100);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  }, FRAMES);
  const after = await measure();
  const frame = (of(after, "TaskDuration") - of(before, "TaskDuration")) / FRAMES;
  assert(frame < FRAME_SECONDS, `a frame took ${frame} s`);
  const layouts = of(after, "LayoutCount") - of(before, "LayoutCount");
  assert(layouts < FRAMES / 2, `scrolling needs no layout: ${layouts}`);
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
