/** Unpacks Debian packages beside each other, with the shared libraries that this machine lacks. @module */

import { glob } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { outputOf, run } from "./command.ts";

/** Finds the .deb of a package. */
export type FindPackage = (packageName: string) => Promise<string>;

/** A chain of libraries that need libraries ends well before this. */
const ROUNDS_MAX = 5;
/** The loader of programs, in the package of the C library. */
const LOADER = "usr/lib/*/ld-linux-*.so.*";

/**
 * Unpacks packages into `tree`, then those of the libraries they depend on that their program needs
 * and the machine does not have.
 *
 * @param program path of the program inside the packages, as `usr/bin/wrk`, where `*` stands for
 *   any part of a name
 * @param newer whether the packages are of a newer suite than the machine: then the libraries that
 *   they depend on are unpacked even if the machine has them, with the C library
 * @returns what to run, as a path below `tree`, and the directories below it that hold libraries,
 *   for LD_LIBRARY_PATH
 * @throws {Error} when the packages have no such program, or a library cannot be found
 */
export async function unpackProgram(
  { packageNames, program, tree, find, newer = false }: {
    packageNames: readonly string[];
    program: string;
    tree: string;
    find: FindPackage;
    newer?: boolean;
  },
): Promise<{ program: string; libraries: string[] }> {
  const unpacked = new Set<string>();
  const unpack = async (name: string) => {
    const deb = await find(name);
    await outputOf("dpkg", ["-x", deb, tree]);
    unpacked.add(name);
    return parseDependencies(await outputOf("dpkg-deb", ["-f", deb, "Depends"]));
  };

  let candidates: string[] = [];
  for (const name of packageNames) candidates.push(...await unpack(name));
  const unpackLibraries = async () => {
    const next: string[] = [];
    let found = false;
    for (const name of candidates) {
      if (!name.startsWith("lib") || unpacked.has(name)) continue;
      if (!newer && await isInstalled(name)) continue;
      found = true;
      next.push(...await unpack(name));
    }
    candidates = next;
    return found;
  };
  const path = await pathBelow(tree, program);
  if (newer) await unpackLibraries();
  const loader = newer ? await pathBelow(tree, LOADER) : undefined;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    await relink(tree);
    const directories = await libraryDirectories(tree);
    const missing = parseMissingLibraries(
      await linkage(`${tree}/${path}`, directories, loader && `${tree}/${loader}`),
    );
    if (missing.length === 0) {
      if (loader === undefined) return { program: path, libraries: directories };
      return { program: await writeStarter(tree, { path, loader, directories }), libraries: [] };
    }
    if (!await unpackLibraries()) {
      throw new Error(`${path} of ${packageNames[0]} needs ${missing.join(", ")}, found nowhere`);
    }
  }
  throw new Error(`${path} of ${packageNames[0]}: its libraries need others ${ROUNDS_MAX} deep`);
}

/**
 * The one path below a directory that a pattern names; `*` in it stands for any part of a name.
 *
 * @throws {Error} when it names none or several
 */
export async function pathBelow(directory: string, pattern: string): Promise<string> {
  const paths = await Array.fromAsync(glob(pattern, { cwd: directory }));
  if (paths.length === 1) return paths[0];
  throw new Error(`expected one ${pattern}, found ${paths.sort().join(", ") || "none"}`);
}

/**
 * Makes the absolute links of a tree, which lead to where the package would be installed, lead to
 * the same file inside the tree.
 */
export async function relink(tree: string): Promise<void> {
  for await (const { path, isSymlink } of entriesBelow(tree)) {
    if (!isSymlink) continue;
    const target = await Deno.readLink(path);
    if (!target.startsWith("/") || !await exists(tree + target)) continue;
    await Deno.remove(path);
    await Deno.symlink(relative(dirname(path), tree + target), path);
  }
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

async function linkage(
  program: string,
  directories: readonly string[],
  loader: string | undefined,
): Promise<string> {
  if (loader !== undefined) {
    // As ldd does: with its own option the loader stops at the first library that is missing.
    const args = ["--library-path", directories.join(":"), program];
    return (await run(loader, args, { env: { LD_TRACE_LOADED_OBJECTS: "1" } })).stdout;
  }
  // Exits with 1 for a program that is linked statically, which lacks nothing.
  const { stdout } = await run("ldd", [program], { env: libraryPath(directories) });
  return stdout;
}

/**
 * Writes a script beside a program that starts it with the loader and the libraries of its tree,
 * wherever the tree lies.
 */
async function writeStarter(
  tree: string,
  { path, loader, directories }: {
    path: string;
    loader: string;
    directories: readonly string[];
  },
): Promise<string> {
  const starter = `${path}.start`;
  const libraries = directories.map((directory) => `$tree${directory.slice(tree.length)}`);
  await Deno.writeTextFile(
    `${tree}/${starter}`,
    `#!/bin/sh
tree=\${0%/${starter}}
exec "$tree/${loader}" --library-path "${libraries.join(":")}" "$tree/${path}" "$@"
`,
    { mode: 0o755 },
  );
  return starter;
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
  const found = new Set<string>();
  for await (const { path, isDirectory } of entriesBelow(tree)) {
    if (!isDirectory && /\.so(\.[^/]*)?$/.test(path)) found.add(dirname(path));
  }
  return [...found].sort();
}

async function* entriesBelow(
  directory: string,
): AsyncGenerator<{ path: string; isDirectory: boolean; isSymlink: boolean }> {
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    yield { path, isDirectory, isSymlink };
    if (isDirectory) yield* entriesBelow(path);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
