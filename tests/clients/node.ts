/** The machine's Node.js, which alone of the clients' programs cannot be fetched. @module */

import { hasFeature, programsOnPath } from "../../tools/installed.ts";
import type { Feature } from "../../tools/recipes.ts";

/** What Node.js takes and Deno refuses, which puts itself on the PATH of its children as `node`. */
const NODE_ONLY: Feature = {
  name: "Node.js itself",
  args: ["--eval", "process.exit('Deno' in globalThis ? 1 : 0)"],
};

/**
 * Finds Node.js on the PATH.
 *
 * @throws {Error} where there is none and CI=true
 */
export async function findNode(): Promise<string | undefined> {
  for await (const file of programsOnPath(["node"])) {
    if (await hasFeature(file, NODE_ONLY)) return file;
  }
  if (Deno.env.get("CI") === "true") throw new Error("expected on the PATH: node; found none");
}
