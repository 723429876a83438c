/** Makes the clients that Debian packages ready to run. @module */

import { outputOf } from "../../../tools/command.ts";
import { type DebianClient, FAMILIES, type Family, type Suite } from "./debian_families.ts";
import { type DebianTree, ensureDebianTree, type PackageGroup } from "./debian_tree.ts";
import { METHODS, type SurveyedClient } from "./survey.ts";

const BUILD_MS_MAX = 600_000;
const BODY_FILE = "/drivers/body.txt";

/**
 * Unpacks a suite's clients, builds what has to be built, and returns them.
 *
 * @throws {Error} where one of them cannot be had
 */
export async function debianClients(
  suite: Suite,
  isWanted: (name: string) => boolean,
): Promise<SurveyedClient[]> {
  const wanted = FAMILIES
    .map((family) => ({
      ...family,
      clients: family.clients.filter((client) =>
        (client.suite ?? suite) === suite && isWanted(`${family.language} ${client.name}`)
      ),
    }))
    .filter(({ clients }) => clients.length > 0);
  const tree = await ensureDebianTree(suite, wanted.map((family) => packagesOf(family, suite)));
  for (const { build } of wanted) {
    if (!build) continue;
    const { command, args, env } = tree.inside(build);
    await outputOf(command, args, { env, clearEnv: true, msMax: BUILD_MS_MAX });
  }
  return wanted.flatMap((family) => family.clients.map((client) => ready(client, family, tree)));
}

/** The packages of a family, under the name of its driver. */
function packagesOf({ program, packages, clients }: Family, suite: Suite): PackageGroup {
  const all = [...packages[suite], ...clients.flatMap((client) => client.packages)];
  const name = /[^/]+$/.exec(program[suite].findLast((word) => word.includes("/")) ?? "")?.[0] ??
    "";
  return { name, packages: [...new Set(all)] };
}

function ready(
  { name, library, packages, bodies, methods = METHODS, setting, tries = 1 }: DebianClient,
  { language, program, packages: own }: Family,
  tree: DebianTree,
): SurveyedClient {
  return {
    language,
    name,
    version: tree.versionOf(packages[0] ?? own[tree.suite][0]),
    bodies,
    methods,
    setting,
    tries,
    command: ({ url, method, body, follow }) =>
      tree.inside([
        ...program[tree.suite],
        ...[library, method, url, body, BODY_FILE],
        ...(follow ? ["follow"] : []),
      ]),
  };
}
