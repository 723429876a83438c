/**
 * Makes the pictures of docs/status-page.md: the page of a real service, light, dark and narrow, and with 200
 * members that are made up.
 *
 *     deno run -A tests/page/screenshots.ts
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { waitFor } from "../../tools/wait.ts";
import { look, startBrowser } from "./browser.ts";
import { startFleet } from "./fleet.ts";
import { showMany } from "./many.ts";

const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));
const WIDE = { viewport: { width: 1280, height: 760 } };
const NARROW = { viewport: { width: 400, height: 900 } };
const JOBS = ["backup", "billing", "cleanup", "export", "import", "mail", "reindex", "report"];

interface Picture {
  readonly name: string;
  readonly options: BrowserContextOptions;
  readonly prepare?: (page: Page) => Promise<void>;
}

async function take(browser: Browser, url: string, { name, options, prepare }: Picture) {
  await using one = await look(browser, url, { ...options, ...(prepare && { prepare }) });
  const { page } = one;
  await page.locator("#groups-result tbody tr").first().waitFor();
  await page.locator("#ring-drawing .arc").first().waitFor();
  if (name === "light") {
    await page.fill("#plan-form [name=add]", "10.0.0.4:9091");
    await page.keyboard.press("Enter");
    await page.locator("#plan-result table").waitFor();
  }
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    scrollTo(0, 0);
  });
  await page.screenshot({ path: `${DOCS}status-page-${name}.png` });
}

await using fleet = await startFleet();
for (const job of JOBS) {
  for (let i = 1; i <= 15; i++) await fleet.push(`/metrics/job/${job}/instance/db${i}`);
}
await fleet.sweep();
await fleet.members[2].kill9();
await waitFor(async () => {
  const answer = await fetch(`${fleet.app.url}/api/v1/events`);
  return (await answer.text()).includes('"suspect"');
}, { what: "the member to be suspect" });
await fleet.sweep();
await using browser = await startBrowser();
const many = showMany(200);
many.change(17, { state: "suspect", why: "connection refused", share: undefined, missing: 929 });
many.change(42, {
  state: "draining",
  why: "marked as removed",
  share: undefined,
  in_ring: false,
});
many.change(43, {
  state: "joining",
  why: "healthy, and its groups are about to be read",
  share: undefined,
});
const { prepare } = many;
for (
  const picture of [
    { name: "light", options: WIDE },
    { name: "dark", options: { ...WIDE, colorScheme: "dark" } },
    { name: "narrow", options: NARROW },
    { name: "200-light", options: WIDE, prepare },
    { name: "200-dark", options: { ...WIDE, colorScheme: "dark" }, prepare },
    { name: "200-narrow", options: { ...NARROW, colorScheme: "dark" }, prepare },
  ] satisfies Picture[]
) await take(browser, fleet.app.url, picture);
