/** Has real scrapers check a scrape configuration, each in versions that know its fields. @module */

import { outputOf } from "../../tools/command.ts";
import { type ComponentName, ensureComponents } from "../../tools/components.ts";
import { temporaryDirectory } from "../../tools/server.ts";

/** Later builds of Debian leave `consul_sd` out, and earlier ones know no `http_sd`. */
const promtoolFor = (config: string): ComponentName =>
  config.includes("consul_sd_configs") ? "promtool-consul" : "promtool";

/**
 * Has Prometheus check it.
 *
 * @throws {Error} with what is wrong
 */
export async function checkByPromtool(config: string): Promise<void> {
  await check(config, promtoolFor(config), (file) => ["check", "config", file]);
}

/**
 * Has two versions of VictoriaMetrics' vmagent check it.
 *
 * @throws {Error} with what is wrong
 */
export async function checkByVmagent(config: string): Promise<void> {
  for (const name of ["vmagent", "vmagent-1.79"] as const) {
    await check(config, name, (file) => [
      "-dryRun",
      `-promscrape.config=${file}`,
      "-remoteWrite.url=http://127.0.0.1:1",
    ]);
  }
}

async function check(
  config: string,
  name: ComponentName,
  args: (file: string) => string[],
): Promise<void> {
  const { [name]: { command, env } } = await ensureComponents([name]);
  const directory = await temporaryDirectory("scrape-config");
  try {
    const file = `${directory.path}/scrape.yml`;
    await Deno.writeTextFile(file, config);
    await outputOf(command, args(file), { env, cwd: directory.path });
  } finally {
    await directory.remove();
  }
}
