/** Unpacks Debian packages beside each other, with the shared libraries that this machine lacks. @module */

import { outputOf, run } from "./command.ts";

/** Finds the .deb of a package. */
export type FindPackage = (packageName: string) => Promise<string>;

/** A chain of libraries that need libraries ends well before this. */
const ROUNDS_MAX = 5;

/**
 * Unpacks a package into `tree`, then those of the libraries it depends on that its program needs
 * and the machine does not have.
 *
 * @param program path of the program inside the package, as `usr/bin/wrk`
 * @returns the directories below `tree` that hold libraries, for LD_LIBRARY_PATH
 * @throws {Error} when the package has no such program, or a library cannot be found
 */
export async function unpackProgram(
  { packageName, program, tree, find }: {
    packageName: string;
    program: string;
    tree: string;
    find: FindPackage;
  },
): Promise<string[]> {
  const unpacked = new Set<string>();
  const unpack = async (name: string) => {
    const deb = await find(name);
    await outputOf("dpkg", ["-x", deb, tree]);
    unpacked.add(name);
    return parseDependencies(await outputOf("dpkg-deb", ["-f", deb, "Depends"]));
  };

  let candidates = await unpack(packageName);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const directories = await libraryDirectories(tree);
    const missing = parseMissingLibraries(
      await linkage(`${tree}/${program}`, directories),
    );
    if (missing.length === 0) return directories;

    const next: string[] = [];
    let found = false;
    for (const name of candidates) {
      if (!name.startsWith("lib") || unpacked.has(name) || await isInstalled(name)) continue;
      found = true;
      next.push(...await unpack(name));
    }
    if (!found) {
      throw new Error(`${program} of ${packageName} needs ${missing.join(", ")}, found nowhere`);
    }
    candidates = next;
  }
  throw new Error(`${program} of ${packageName}: its libraries need others ${ROUNDS_MAX} deep`);
}

/** The names of the packages that a `Depends:` field lists; of alternatives the first. */
export function parseDependencies(field: string): string[] {
  return field.split(",")
    .map((dependency) => dependency.split("|")[0].trim().split(/[\s:(]/)[0])
    .filter((name) => name !== "");
}

/** The libraries that the output of `ldd` says are not found. */
export function parseMissingLibraries(lddOutput: string): string[] {
  return [...lddOutput.matchAll(/^\s*(\S+) => not found/gm)].map(([, name]) => name);
}

async function linkage(program: string, directories: readonly string[]): Promise<string> {
  // Exits with 1 for a program that is linked statically, which lacks nothing.
  const { stdout } = await run("ldd", [program], { env: libraryPath(directories) });
  return stdout;
}

/** What makes a program find the libraries beside it. */
export function libraryPath(directories: readonly string[]): Record<string, string> {
  return directories.length === 0 ? {} : { LD_LIBRARY_PATH: directories.join(":") };
}

async function isInstalled(packageName: string): Promise<boolean> {
  const { code, stdout } = await run("dpkg-query", ["-W", "-f", "${Status}\n", packageName]);
  return code === 0 && stdout.includes("install ok installed");
}

async function libraryDirectories(tree: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (directory: string) => {
    let holdsLibrary = false;
    for await (const entry of Deno.readDir(directory)) {
      if (entry.isDirectory) await visit(`${directory}/${entry.name}`);
      else if (/\.so(\.|$)/.test(entry.name)) holdsLibrary = true;
    }
    if (holdsLibrary) found.push(directory);
  };
  await visit(tree);
  return found.sort();
}
