/**
 * Has real clients push to an address that answers with a 307, and prints tables of what became of it.
 *
 *     deno task clients                      those that the tests run
 *     deno task clients --all                all: packages of two suites of Debian, and of npm
 *     deno task clients --all --only=Ruby    those with this in their language and name
 *     deno task clients --all --write        writes the tables into the docs
 *
 * The packages take about 10 GB below .components/ and some minutes to download, once.
 *
 * With --all it compares the tables of the docs with what it has seen, and exits 1 where they differ.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { errorText } from "../../../src/log.ts";
import { outputOf } from "../../../tools/command.ts";
import { inPool } from "../../../tools/pool.ts";
import { read, ROOT } from "../../docs/pages.ts";
import { debianClients } from "./debian_clients.ts";
import { SUITES } from "./debian_families.ts";
import { fewClients } from "./few_clients.ts";
import { npmClients } from "./npm_clients.ts";
import { startRecorder } from "./recorder.ts";
import { survey, type Surveyed, type SurveyedClient } from "./survey.ts";
import { differences, PAGE, renderTables, withTables } from "./table.ts";

/** Clients at once. */
const POOL_SIZE = 2;

const { values: { all, only, write } } = parseArgs({
  args: Deno.args,
  options: {
    all: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
});

async function allClients(): Promise<SurveyedClient[]> {
  const isWanted = (name: string) => name.includes(only);
  const clients: SurveyedClient[] = [];
  for (const suite of SUITES) clients.push(...await debianClients(suite, isWanted));
  return [...clients, ...await npmClients(isWanted)];
}

/** Surveys each client; tells of those that cannot be, and goes on. */
async function surveyAll(clients: readonly SurveyedClient[]): Promise<Surveyed[]> {
  const seen = new Map<SurveyedClient, Surveyed>();
  const { signal } = new AbortController();
  await inPool(clients, { size: POOL_SIZE, signal }, async (client) => {
    await using recorder = await startRecorder();
    try {
      seen.set(client, await survey(client, recorder));
      console.error(`${client.language} ${client.name} ${client.version}`);
    } catch (error) {
      console.error(`error: ${client.language} ${errorText(error)}`);
      Deno.exitCode = 1;
    }
  });
  return clients.flatMap((client) => seen.get(client) ?? []);
}

try {
  const tables = renderTables(await surveyAll(all ? await allClients() : await fewClients()));
  console.log(tables);
  if (all && only === "") {
    const page = await read(PAGE);
    if (write && Deno.exitCode !== 0) {
      console.error("error: not written, for some clients are missing");
    } else if (write) {
      const date = new Date().toISOString().slice(0, 10);
      await Deno.writeTextFile(`${ROOT}${PAGE}`, withTables(page, tables, date));
      await outputOf(Deno.execPath(), ["fmt", "--quiet", `${ROOT}${PAGE}`]);
    } else {
      const lines = differences(page, tables);
      for (const line of lines) console.error(line);
      if (lines.length > 0) Deno.exitCode = 1;
    }
  }
} catch (error) {
  console.error(`error: ${errorText(error)}`);
  Deno.exitCode = 1;
}
