/**
 * Real clients, unchanged, against real Pushgateways: what works in `mode: auto`, and what becomes
 * of a push that is answered with a 307. docs/clients.md has the same table; the one that is printed
 * has each method.
 *
 * @module
 */

import assert from "node:assert/strict";
import { rowsOf, sectionOf } from "../docs/markdown.ts";
import { read } from "../docs/pages.ts";
import { CLIENT_KINDS } from "../../src/http/push/client_kinds.ts";
import type { Client, Method, Outcome } from "./client.ts";
import { startFleet } from "./fleet.ts";
import { measure, type Measured } from "./measure.ts";
import { prepareRealClients } from "./real_clients.ts";
import { userAgentOf } from "./user_agent.ts";

const METHODS: readonly Method[] = ["PUT", "POST", "DELETE"];

/** A line of the table. */
interface Row {
  readonly client: Client;
  userAgent?: string;
  /** By method, in `mode: redirect`. */
  redirect: string[];
  /** By method, in `mode: auto`. */
  auto: string[];
}

Deno.test("real clients push, add and delete through the service", async (t) => {
  await using real = await prepareRealClients();
  await using fleet = await startFleet();
  const rows = real.clients.map((client): Row => ({ client, redirect: [], auto: [] }));
  for (const row of rows) {
    const { client } = row;
    await t.step(`${client.name} is known by ${client.userAgent ?? "no User-Agent"}`, async () => {
      row.userAgent = await userAgentOf(client);
      if (client.userAgent) assert.match(row.userAgent ?? "", client.userAgent);
      else assert.equal(row.userAgent, undefined);
    });
    for (const method of METHODS) {
      const auto = autoOf(client, method);
      await t.step(`in mode auto a ${method} by ${client.name}: ${auto}`, async () => {
        const measured = await measure({ client, method, mode: "auto" }, fleet);
        row.auto.push(wayOf(measured));
        assert.equal(wayOf(measured), auto, measured.error);
      });
      const expected = redirectedOf(client, method);
      await t.step(`in mode redirect a ${method} by ${client.name}: ${expected}`, async () => {
        const measured = await measure({ client, method, mode: "redirect" }, fleet);
        const { outcome, error } = measured;
        row.redirect.push(error ? `${outcome}: ${error}` : outcome);
        assert.equal(outcome, expected, error);
      });
    }
  }
  await t.step("each kind of client that auto redirects is one of them, and was redirected", () => {
    for (const { name, agent, redirected } of CLIENT_KINDS) {
      if (redirected !== "follows") continue;
      const row = rows.find(({ client, userAgent }) =>
        client.auto === "redirected" && userAgent?.startsWith(agent)
      );
      assert(row, `a client of the kind ${name}`);
      assert.deepEqual([row.auto[0], row.redirect[0]], ["redirected", "works"], name);
    }
  });
  await t.step("docs/clients.md has each of them, and what becomes of its pushes", async () => {
    const section = sectionOf(await read("docs/clients.md"), "Which client needs what");
    const described = rowsOf(section).map(([name, ...cells]) => [name, cells.join(", ")]);
    // Where there is no Node, the others stand for it.
    const runs = rows.map((
      { client },
    ) => [client.name, `${shownRedirected(client)}, ${client.auto}`]);
    const names = new Set(runs.map(([name]) => name));
    const expected = described.filter(([name]) => names.has(name) || !name.startsWith("Node.js "));
    assert.deepEqual(
      runs.filter(([name]) => name !== "prom-client under Deno").sort(),
      expected.sort(),
    );
  });
  console.log(tableOf(rows));
});

function autoOf({ auto }: Client, method: Method): Client["auto"] {
  // A DELETE is for every member that holds the group, and so never redirected.
  return method === "DELETE" && auto === "redirected" ? "proxied" : auto;
}

function redirectedOf({ redirected, redirectedDelete }: Client, method: Method): Outcome {
  return method === "DELETE" ? redirectedDelete ?? redirected : redirected;
}

function shownRedirected({ redirected, redirectedDelete }: Client): string {
  return redirectedDelete ? `${redirected}; \`DELETE\` ${redirectedDelete}` : redirected;
}

/** How a push that worked got there; else what became of it. */
function wayOf({ outcome, redirected }: Measured): string {
  if (outcome !== "works") return outcome;
  return redirected ? "redirected" : "proxied";
}

function tableOf(rows: readonly Row[]): string {
  const header = [
    "client",
    "User-Agent",
    ...METHODS.map((method) => `${method} in redirect`),
    ...METHODS.map((method) => `${method} in auto`),
  ];
  const lines = rows.map(({ client, userAgent, redirect, auto }) => [
    client.name,
    userAgent === undefined ? "none" : `\`${userAgent}\``,
    ...redirect,
    ...auto,
  ]);
  return [header, header.map(() => "---"), ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}
