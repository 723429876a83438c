/** Chromium without a window, and the status page in it. @module */

import assert from "node:assert/strict";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { ensureComponents } from "../../tools/components.ts";

/** A page that is looked at. Disposal closes it, and fails where the browser had anything to complain about. */
export interface Look extends AsyncDisposable {
  readonly page: Page;
  /** What axe-core finds wrong with the page as it is, in one line each. */
  audit(): Promise<string[]>;
  /** What the browser has complained about so far, and forgets it. */
  complaints(): string[];
}

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
/** Tests wait for what they look for, and not longer. */
const WAIT_MS_MAX = 15_000;

/** Starts Chromium. */
export async function startBrowser(): Promise<Browser> {
  const { chromium: { command, env } } = await ensureComponents(["chromium"]);
  return await chromium.launch({
    executablePath: command,
    args: FLAGS,
    env: { ...Deno.env.toObject(), ...env },
  });
}

/** Opens the page of a service. */
export async function look(
  browser: Browser,
  url: string,
  options: BrowserContextOptions & { readonly prepare?: (page: Page) => Promise<void> } = {},
): Promise<Look> {
  const { prepare, ...rest } = options;
  const context = await browser.newContext({ locale: "en-US", ...rest });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS_MAX);
  let complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await prepare?.(page);
  await page.goto(url);
  return {
    page,
    async audit() {
      // By the debugger's way: the policy of the page would let no script in.
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: typeof axe }).axe.run()
      );
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    },
    complaints() {
      const all = complaints;
      complaints = [];
      return all;
    },
    async [Symbol.asyncDispose]() {
      await context.close();
      assert.deepEqual(complaints, []);
    },
  };
}
