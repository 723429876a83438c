/** The commands of docs/http-api.md do what the page says. @module */

import assert from "node:assert/strict";
import { outputOf } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { codeBlocksOf } from "../docs/markdown.ts";
import { readSpecification } from "../http/openapi.ts";
import { startApp } from "./app.ts";
import { parseAnswer, request, servers, untilReady } from "./described.ts";

const PAGE = new URL("../../docs/http-api.md", import.meta.url);
const ADMIN = { flags: ["--web.enable-admin-api"] };
/** Shows status and headers, too. */
const CURL = 'curl() { "$CURL" --silent --show-error --include "$@"; }\n';

/** The commands in their order; one that ends in a pipe goes on in the next line. */
async function commands(): Promise<string[]> {
  const page = await Deno.readTextFile(PAGE);
  const blocks = codeBlocksOf(page).filter(({ language }) => language === "sh");
  return blocks.flatMap(({ text }) => text.trim().split(/(?<!\|)\n/));
}

/** The operation that a command asks for, as the file has it. */
function operationOf(command: string): string {
  const [, method = "GET"] = /-X (\w+)/.exec(command) ?? [];
  const [, path] = /http:\/\/[^/]+([^\s?']+)/.exec(command) ?? assert.fail(command);
  const template = path.replace(/^\/metrics\/job\/.*/, "/metrics/job/{grouping}")
    .replace(/members\/[^/]+/, "members/{member}");
  return `${method} ${template}`;
}

Deno.test("every command of the page on the API is answered as it is described, with 2xx", async () => {
  await using first = await startPushgateway(ADMIN);
  await using second = await startPushgateway(ADMIN);
  await using app = await startApp(`mode: auto\n${servers([first, second])}`);
  await untilReady(app, 2);
  await request(`${app.url}/api/v1/plan`); // all members are swept for it
  const { check } = await readSpecification();
  const { curl } = await ensureComponents(["curl"]);
  const env = { ...curl.env, CURL: curl.command };
  const replaced = {
    "localhost:9292": new URL(app.url).host,
    "10.0.0.2:9091": second.address,
    "10.0.0.3:9091": "127.0.0.9:9091",
  };
  const asked = new Set<string>();
  for (const written of await commands()) {
    let command = written;
    for (const [from, to] of Object.entries(replaced)) command = command.replaceAll(from, to);
    const operation = operationOf(command);
    if (operation === "DELETE /api/v1/members/{member}/drain") {
      await waitFor(async () => {
        const { text } = await request(`${app.url}/api/v1/members`);
        return text.includes('"state":"draining"') || text.includes('"drained":true');
      }, { what: "the member to leave" });
    }
    const answer = parseAnswer(await outputOf("sh", ["-c", CURL + command], { env }));
    assert(answer.status < 300, `${command}: ${answer.status} ${answer.text}`);
    check(operation, answer);
    asked.add(operation);
  }
  assert(asked.size > 10, `operations are asked: ${[...asked]}`);
});
