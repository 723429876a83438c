/** Configurations that are opened from a file, one after the other, as reloads do. @module */

import { createDeadlines } from "../../src/concurrency/deadlines.ts";
import type { Logger } from "../../src/log.ts";
import { openTerm, type Term } from "../../src/service/term.ts";
import { closeUnused } from "../../src/service/terms.ts";
import { recordLog } from "../model/log.ts";

/** A file whose text changes. Disposal closes what was opened, and removes it. */
export interface ConfiguredTerms extends AsyncDisposable {
  readonly log: Logger;
  /** What was logged. */
  readonly lines: readonly string[];
  /** Writes the file and opens it, after the last configuration that was. */
  open(yaml: string): Promise<Term>;
}

/** Begins without a file. */
export async function configureTerms(): Promise<ConfiguredTerms> {
  const configFile = await Deno.makeTempFile({ prefix: "dynamic-sharding-", suffix: ".yml" });
  const deadlines = createDeadlines();
  const lines: string[] = [];
  const log = recordLog((line) => lines.push(line));
  const opened: Term[] = [];
  return {
    log,
    lines,
    async open(yaml) {
      await Deno.writeTextFile(configFile, yaml);
      const options = { configFile, env: () => undefined, deadlines, log };
      const term = await openTerm(options, opened.at(-1));
      opened.push(term);
      return term;
    },
    async [Symbol.asyncDispose]() {
      opened.forEach((term, i) => closeUnused(term, opened[i + 1]));
      deadlines[Symbol.dispose]();
      await Deno.remove(configFile);
    },
  };
}

/** A configuration with Consul at an address; `check` and `name` are of its section. */
export function consulYaml(
  addr: string,
  servers: readonly string[],
  { check = "5s", name = "pushgateway", more = "" } = {},
): string {
  return `consul_server: {addr: "${addr}", check_interval: ${check}, ` +
    `register_service_name: ${name}${more}}\n` +
    `pushgateway: {servers: ${JSON.stringify(servers)}}\n`;
}
