/** The status page in a real browser, before real Pushgateways. @module */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { waitFor } from "../../tools/wait.ts";
import { look, startBrowser } from "./browser.ts";
import { startFleet } from "./fleet.ts";

Deno.test("the table follows a kill and a return, and nobody reloads the page", async () => {
  await using fleet = await startFleet();
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url);
  const { page } = one;
  const [first] = fleet.members;
  const row = page.locator("#members-body tr", { hasText: first.address });
  await row.locator(".state.active").waitFor();
  await page.locator("#problems .good").waitFor();

  await first.kill9();
  await row.locator(".state.suspect").waitFor();
  await page.locator("#problems .bad", { hasText: `${first.address} (connection refused)` })
    .waitFor();
  assert.match(await page.title(), /^\(\d\) /, "the tab tells of it");
  await page.locator("#events-body tr", { hasText: `${first.address}: active → suspect` })
    .waitFor();
  assert.match(await row.locator(".why").innerText(), /refused/);

  await first.start();
  await row.locator(".state.active").waitFor();
  await page.locator("#problems .good").waitFor();
  assert.doesNotMatch(await page.title(), /^\(/);
  assert.deepEqual(await one.audit(), []);

  const events = page.locator("#events-body tr");
  const [last] = await events.allInnerTexts();
  assert.match(last, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
  const number = await events.count();
  await page.reload();
  await events.first().waitFor();
  assert(await events.count() >= number, "events are kept over a reload");
});

Deno.test("members are sorted and filtered, and the choice stays when they change", async () => {
  await using fleet = await startFleet();
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url);
  const { page } = one;
  const names = () =>
    page.locator("#members-body th").evaluateAll((cells) =>
      cells.map(({ firstChild }) => firstChild?.textContent)
    );
  await page.locator("#members-body tr").nth(2).waitFor();
  const share = page.getByRole("button", { name: "Share", exact: true });
  const header = page.locator("th", { has: share });

  await share.focus();
  await page.keyboard.press("Enter");
  assert.equal(await header.getAttribute("aria-sort"), "descending");
  const descending = await names();
  await page.keyboard.press("Enter");
  assert.equal(await header.getAttribute("aria-sort"), "ascending");
  assert.deepEqual(await names(), descending.toReversed());

  const [first] = fleet.members;
  await page.fill("#members-filter", first.address);
  assert.deepEqual(await names(), [first.address]);
  await first.kill9();
  await page.locator("#members-body .suspect").waitFor();
  assert.deepEqual(await names(), [first.address]);
  await page.selectOption("#members-state", "active");
  assert.deepEqual(await names(), []);
  await page.fill("#members-filter", "");
  assert.equal((await names()).length, 2);
});

Deno.test("a group is looked up by its labels, and the curl line that is shown pushes it", async () => {
  await using fleet = await startFleet();
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url);
  const { page } = one;
  await page.fill("#locate-form input", `{job="it's", instance="a b"}`);
  await page.keyboard.press("Enter");
  const entry = (term: string) =>
    page.locator(`#locate-result dt:text-is("${term}") + dd`).innerText();
  await page.locator("#locate-result dt").first().waitFor();
  assert.equal(await entry("Usual path"), "/metrics/job/it's/instance/a%20b");
  const line = await entry("Push to it");
  const pushed = await new Deno.Command("sh", { args: ["-c", line] }).output();
  assert.equal(pushed.code, 0, new TextDecoder().decode(pushed.stderr));
  await fleet.sweep();
  await page.fill("#groups-form input", "job=it's");
  await page.keyboard.press("Enter");
  const row = page.locator("#groups-result tbody tr");
  await row.filter({ hasText: 'instance="a b"' }).waitFor();
  const owner = await entry("Owner");
  assert((await row.innerText()).includes(owner), "it lies where the look-up said");

  for (
    const [name, place] of [
      ["Read sizes", row.locator("[data-label=Size]")],
      ["Read", page.locator(`#locate-result dt:text-is("Size") + dd`)],
    ] as const
  ) {
    await page.getByRole("button", { name, exact: true }).click();
    await place.filter({ hasText: /^1 sample, \d+ B$/ }).waitFor();
  }

  const members = page.locator("#members-body tr");
  await members.filter({ hasText: owner }).locator("[data-label='Pushes/s']", {
    hasText: /^0\.\d$/,
  })
    .waitFor();

  await page.fill("#locate-form input", "/metrics/job/a/b");
  await page.keyboard.press("Enter");
  await page.locator("#locate-result .refused", { hasText: "odd number of components" }).waitFor();
  // The answer is a 400, of which the console tells.
  assert.equal(one.complaints().filter((text) => !text.includes("400")).length, 0);
});

Deno.test("a plan is drawn and counted before anything is done", async () => {
  await using fleet = await startFleet();
  for (let i = 0; i < 20; i++) await fleet.push(`/metrics/job/j/instance/i${i}`);
  await fleet.sweep();
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url);
  const { page } = one;
  const [first] = fleet.members;
  await page.locator("#ring-drawing .arc").nth(2).waitFor();
  await page.fill("#plan-form [name=remove]", first.address);
  await page.click("#plan-form button");
  const held = await page.locator("#members-body tr", { hasText: first.address })
    .locator("[data-label=Groups]").innerText();
  await page.getByText(`${held} of 20 groups would move.`).waitFor();
  const arcs = page.locator("#ring-drawing .arc");
  assert.equal(await arcs.count(), 6, "one for each member, now and then");
  await page.click("#plan-form [type=reset]");
  assert.equal(await arcs.count(), 3);

  await page.focus("#ring-drawing");
  await page.keyboard.press("ArrowRight");
  assert.match(
    await page.locator("#ring-told").innerText(),
    /^127\.0\.0\.1:\d+: \d+\.\d %, \d+ Groups/,
  );
});

Deno.test("a member is drained from the button to empty, after a confirmation in numbers", async () => {
  await using fleet = await startFleet();
  for (let i = 0; i < 30; i++) await fleet.push(`/metrics/job/j/instance/i${i}`);
  await fleet.sweep();
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url);
  const { page } = one;
  const [first] = fleet.members;
  const row = page.locator("#members-body tr", { hasText: first.address });
  const held = await row.locator("[data-label=Groups]").innerText();
  await row.getByRole("button", { name: "Drain" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(`It holds ${held} groups.`).waitFor();
  assert.deepEqual(await one.audit(), []);
  await page.keyboard.press("Escape");
  assert.equal(await row.locator(".state.active").count(), 1, "nothing was done");

  await row.getByRole("button", { name: "Drain" }).click();
  await dialog.getByRole("button", { name: "Drain", exact: true }).click();
  await row.getByText("empty, may be stopped").waitFor();
  await page.locator("#events-body tr", { hasText: `${held} groups were moved` }).waitFor();
  assert.equal(await row.locator("[data-label=Groups]").innerText(), "0");

  await row.getByRole("button", { name: "Undo" }).click();
  await dialog.getByText(`${held} of ${held} groups have been moved away`).waitFor();
  await dialog.getByRole("button", { name: "Undo the drain" }).click();
  await row.locator(".state.active").waitFor();
});

Deno.test("a group is deleted, and all of them only after their number was typed", async () => {
  await using fleet = await startFleet();
  for (const job of ["a", "b", "c"]) await fleet.push(`/metrics/job/${job}`);
  await fleet.sweep();
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url);
  const { page } = one;
  const rows = page.locator("#groups-result tbody tr");
  await rows.nth(2).waitFor();
  await rows.first().getByRole("button").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("It lies on 1 of the Pushgateways").waitFor();
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await dialog.waitFor({ state: "hidden" });
  await waitFor(async () => await rows.count() === 2, { what: "the row to be gone" });

  await fleet.sweep();
  await waitFor(async () => await page.locator("#sum-groups").innerText() === "2", {
    what: "the number of groups to be up to date",
  });
  await page.click("#wipe");
  const wipe = dialog.getByRole("button", { name: "Delete all groups" });
  assert.equal(await wipe.isDisabled(), true);
  await dialog.getByRole("textbox").fill("2");
  await wipe.click();
  await page.locator("#groups-result", { hasText: "No group matches." }).waitFor();
  await waitFor(async () => await page.locator("#sum-groups").innerText() === "0", {
    what: "all groups to be gone",
  });
});

Deno.test("without the admin API nothing can be changed", async () => {
  await using fleet = await startFleet({ members: 2, app: { enableAdminApi: false } });
  await fleet.push("/metrics/job/a");
  await fleet.sweep();
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url);
  await one.page.locator("#groups-result tbody tr").waitFor();
  assert.equal(await one.page.locator(".deed, #wipe:not([hidden])").count(), 0);
});

Deno.test("labels that are markup are shown as text", async () => {
  await using fleet = await startFleet({ members: 2 });
  const markup = `<img src=x onerror="document.title='broken'"></script><b>`;
  await fleet.push(
    `/metrics/job/${encodeURIComponent(markup.replaceAll("/", "|"))}/note@base64/${
      btoa(markup).replaceAll("+", "-").replaceAll("/", "_")
    }`,
  );
  await fleet.sweep();
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url);
  const { page } = one;
  await page.locator("#groups-result tbody tr").waitFor();
  assert.equal(
    await page.locator("#groups-result th[scope=row]").innerText(),
    markup.replaceAll("/", "|"),
  );
  assert.equal(await page.locator("main img, main b").count(), 0);
  assert.notEqual(await page.title(), "broken");
  await page.locator("#groups-result .deed").click();
  await page.getByRole("dialog").getByText("onerror").waitFor();
  assert.equal(await page.locator("dialog img, dialog b").count(), 0);
});

Deno.test("the page's policy lets no markup run, whoever puts it in", async () => {
  await using fleet = await startFleet({ members: 1 });
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url);
  await one.page.evaluate(() => {
    document.body.insertAdjacentHTML(
      "beforeend",
      `<img src="data:," onerror="document.title='broken'">`,
    );
    const script = document.createElement("script");
    script.textContent = "document.title = 'broken'";
    document.body.append(script);
  });
  const refused: string[] = [];
  await waitFor(() => {
    refused.push(...one.complaints());
    return ["inline event handler", "inline script"].every((what) =>
      refused.some((text) => text.includes(what) && text.includes("Content Security Policy"))
    );
  }, { what: "the browser to refuse both" });
  assert.notEqual(await one.page.title(), "broken");
});

Deno.test("a Pushgateway whose page a push has broken is named, until the group is deleted", async () => {
  await using fleet = await startFleet({ members: 2 });
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url);
  const { page } = one;
  await page.locator("#problems .good").waitFor();
  const [{ address, url }] = fleet.members;
  const send = async (method: string) => {
    const answer = await fetch(`${url}/metrics/job/%E9`, { method, body: "m 1\n" });
    await answer.body?.cancel();
  };
  await send("PUT"); // a value that is not UTF-8: it is refused, and all the same it is there
  await fleet.sweep();
  await page.locator("#problems .bad", { hasText: `cannot be scraped (1): ${address}` }).waitFor();
  const row = page.locator("#members-body tr", { hasText: address });
  await row.locator(".why", { hasText: "/metrics is broken" }).waitFor();

  await send("DELETE");
  await fleet.sweep();
  await page.locator("#problems .good").waitFor();
});

Deno.test("a service that is busy with others is asked once more", async () => {
  await using fleet = await startFleet({ members: 1 });
  await fleet.push("/metrics/job/a");
  await fleet.sweep();
  await using browser = await startBrowser();
  let refusals = 2;
  const prepare = async (page: Page) => {
    await page.route("**/api/v1/groups?*", (route) => {
      if (refusals-- <= 0) return route.continue();
      return route.fulfill({
        status: 429,
        headers: { "retry-after": "1" },
        json: { error: "busy" },
      });
    });
  };
  await using one = await look(browser, fleet.app.url, { prepare });
  await one.page.locator("#groups-result tbody tr").waitFor();
  assert(one.complaints().every((text) => text.includes("429")));
});

Deno.test("what was answered is shown, also where a request beside it has failed", async () => {
  await using fleet = await startFleet({ members: 1 });
  await using browser = await startBrowser();
  let failures = 1;
  const prepare = async (page: Page) => {
    await page.route("**/api/v1/members", (route) => {
      return failures-- > 0 ? route.abort() : route.continue();
    });
  };
  await using one = await look(browser, fleet.app.url, { prepare });
  const { page } = one;
  await page.locator("#members-body tr").waitFor();
  await page.locator("#wipe").waitFor(); // the overview came with the request that failed
  await page.locator("#stale").waitFor({ state: "hidden" });
  assert(one.complaints().every((text) => text.includes("ERR_FAILED")));
});

Deno.test("a service that answers no more is told, and that it is back", async () => {
  await using fleet = await startFleet({ members: 1 });
  await using browser = await startBrowser();
  await using one = await look(browser, fleet.app.url);
  const { page } = one;
  await page.locator("#members-body tr").waitFor();
  await page.context().setOffline(true);
  await page.locator("#stale", { hasText: "may be out of date" }).waitFor();
  assert.equal(await page.locator("#members-body tr").count(), 1, "what was known stays");
  await page.context().setOffline(false);
  await page.locator("#stale").waitFor({ state: "hidden" });
  assert(one.complaints().every((text) => text.includes("ERR_INTERNET_DISCONNECTED")));
});
