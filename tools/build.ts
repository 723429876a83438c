/**
 * Builds the program: bundled into one file first, so that nothing is embedded that it does not
 * import; names are kept, for stack traces.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import manifest from "../deno.json" with { type: "json" };
import { outputOf, run } from "./command.ts";
import { startFlags } from "./permissions.ts";

/** This repository. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** What is built lies below it. */
export const DIST = `${ROOT}dist`;
const ENTRY = `${DIST}/build/main.ts`;
/** It may have to download a runtime. */
const DENO_MS_MAX = 300_000;
const BUNDLE = `${DIST}/build/dynamic-sharding.js`;

/** From what the program is built. */
export interface Source {
  /** Of git, with a `+` where files have been changed since; of `REVISION` where there is no git. */
  readonly revision: string;
  /** `SOURCE_DATE_EPOCH`, else of the commit: files have the same dates whenever they are packed. */
  readonly date: Date;
}

/** Finds that out. */
export async function readSource(): Promise<Source> {
  const epoch = Deno.env.get("SOURCE_DATE_EPOCH");
  const fixed = epoch ? new Date(Number(epoch) * 1_000) : undefined;
  const given = Deno.env.get("REVISION");
  if (given) return { revision: given, date: fixed ?? new Date() };
  try {
    const git = async (...args: string[]) => (await outputOf("git", args, { cwd: ROOT })).trim();
    const revision = await git("rev-parse", "--short=12", "HEAD");
    const isChanged = await git("status", "--porcelain") !== "";
    const date = fixed ?? new Date(Number(await git("log", "-1", "--format=%ct")) * 1_000);
    return { revision: isChanged ? `${revision}+` : revision, date };
  } catch {
    return { revision: "unknown", date: fixed ?? new Date() };
  }
}

/**
 * Bundles the program.
 *
 * @returns the file
 * @throws {Error} with Deno's words
 */
export async function bundle({ revision, date }: Source): Promise<string> {
  const origin = { revision, build_date: date.toISOString().replace(".000Z", "Z") };
  await Deno.mkdir(`${DIST}/build`, { recursive: true });
  await Deno.writeTextFile(
    ENTRY,
    `import { runProcess } from "../../src/cli/process.ts";\nawait runProcess(${
      JSON.stringify(origin)
    });\n`,
  );
  await deno(["bundle", "--quiet", "--output", BUNDLE, ENTRY]);
  await Deno.writeTextFile(BUNDLE, inAscii(await Deno.readTextFile(BUNDLE)));
  return BUNDLE;
}

/**
 * Escapes what is not ASCII in a source. Deno copies the source of a program to V8's heap unless it is ASCII
 * alone. The bundler has escaped all literals but those of regular expressions, where an escape means the same.
 */
export function inAscii(source: string): string {
  return source.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** How to compile. */
export interface CompileOptions {
  readonly bundled: string;
  readonly output: string;
  /** As Deno names it; absent: this machine. */
  readonly target?: string;
}

/**
 * Compiles what was bundled, with the permissions of `deno task start`.
 *
 * @throws {Error} with Deno's words, as where the target's runtime cannot be had
 */
export async function compile({ bundled, output, target }: CompileOptions): Promise<void> {
  const unstable = manifest.unstable.map((name) => `--unstable-${name}`);
  // The code cache would be a file of a known name in /tmp, which anybody may put there before.
  const flags = [...startFlags(), ...unstable, "--no-config", "--no-code-cache", "--quiet"];
  const where = target ? ["--target", target] : [];
  await deno(["compile", ...flags, ...where, "--output", output, bundled], {
    // A runtime that was put there is this machine's.
    without: target ? ["DENORT_BIN"] : [],
  });
}

async function deno(
  args: readonly string[],
  { without = [] }: { readonly without?: readonly string[] } = {},
): Promise<void> {
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) => !without.includes(name));
  // Behind a proxy with an authority of its own, Deno before 2.8 asks for nothing else.
  const env = { DENO_TLS_CA_STORE: "mozilla,system", NO_COLOR: "1", ...Object.fromEntries(kept) };
  const options = { cwd: ROOT, env, clearEnv: true, msMax: DENO_MS_MAX };
  const { code, stderr } = await run(Deno.execPath(), args, options);
  if (code === 0) return;
  const words = stderr.split("\n").filter((line) => /error|Caused|^ +\d+: (?!<)/.test(line));
  throw new Error(`deno ${args[0]}: ${words.slice(0, 4).join(" ").trim() || stderr}`);
}
