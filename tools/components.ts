/**
 * The real programs that the demo, the tests and the bench run against: from the PATH where they
 * are there, else from Debian's packages, unpacked below `.components/` (nothing is installed).
 *
 *     deno run -A tools/components.ts consul pushgateway
 *
 * fetches what is missing and prints each name with its path. COMPONENTS_DEBS names a directory
 * with copies of .deb files that are taken before anything is downloaded.
 *
 * @module
 */

import { run } from "./command.ts";
import { debianCodename, machineMirrors, openSuite, type Suite } from "./debian_apt.ts";
import { libraryPath, pathBelow, unpackProgram } from "./debian_unpack.ts";
import { hasFeature, programsOnPath } from "./installed.ts";
import { type ComponentName, describeNeed, type Recipe, RECIPES } from "./recipes.ts";
import { waitFor } from "./wait.ts";

export type { ComponentName };

/** A program that is ready to be started. */
export interface Component {
  readonly name: ComponentName;
  /** Path of the program, or of a library's own file. */
  readonly command: string;
  /** What its environment needs beside the usual: where its libraries are, as a rule. */
  readonly env: Readonly<Record<string, string>>;
}

/** Where to look and to put things; everything has a default. */
export interface ComponentsOptions {
  /** Holds the unpacked programs; `.components/` of this repository by default. */
  readonly directory?: string;
  /** Directory of .deb copies; the environment's COMPONENTS_DEBS by default. */
  readonly debs?: string;
  /** Where to look for installed programs; the environment's PATH by default. */
  readonly path?: string;
  /** Takes progress, a line each; standard error by default. */
  readonly log?: (line: string) => void;
}

/** Two downloads of everything on a slow line end well before this. */
const LOCK_MS_MAX = 900_000;
/** Written last into an unpacked tree: it is complete. */
const COMPLETE_FILE = "component.json";

/**
 * Finds or fetches programs. Safe to run many times, and by several processes at once.
 *
 * @throws {Error} naming the programs that are needed on the PATH, where they cannot be fetched
 */
export async function ensureComponents<Name extends ComponentName>(
  names: readonly Name[],
  options: ComponentsOptions = {},
): Promise<Record<Name, Component>> {
  const directory = options.directory ?? componentsDirectory();
  const found = new Map<Name, Component>();
  const look = async () => {
    for (const name of names) {
      const component = found.get(name) ?? await unpackedComponent(name, directory);
      if (component) found.set(name, component);
    }
    return names.filter((name) => !found.has(name));
  };

  for (const name of names) {
    const component = await installedComponent(name, options.path ?? Deno.env.get("PATH") ?? "");
    if (component) found.set(name, component);
  }
  if ((await look()).length > 0) {
    await Deno.mkdir(directory, { recursive: true });
    using _lock = await lock(`${directory}/lock`);
    const missing = [...new Set(await look())]; // another process may have fetched meanwhile
    if (missing.length > 0) await fetchComponents(missing, directory, options);
    await look();
  }
  return Object.fromEntries(found) as Record<Name, Component>;
}

/** Where components lie by default: `.components/` of this repository. */
export function componentsDirectory(): string {
  return decodeURIComponent(new URL("../.components", import.meta.url).pathname);
}

/** The text of an unpacked tree's last file. */
interface Unpacked {
  readonly program: string;
  readonly libraries: readonly string[];
  readonly env?: Readonly<Record<string, readonly string[]>>;
}

async function unpackedComponent(
  name: ComponentName,
  directory: string,
): Promise<Component | undefined> {
  const tree = `${directory}/${name}`;
  try {
    const text = await Deno.readTextFile(`${tree}/${COMPLETE_FILE}`);
    const unpacked = JSON.parse(text) as Unpacked;
    return { name, command: `${tree}/${unpacked.program}`, env: environment(unpacked, tree) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function environment({ libraries, env = {} }: Unpacked, tree: string): Record<string, string> {
  const inTree = (paths: readonly string[]) => paths.map((path) => `${tree}/${path}`);
  const variables = Object.entries(env).map(([name, paths]) => [name, inTree(paths).join(":")]);
  return { ...libraryPath(inTree(libraries)), ...Object.fromEntries(variables) };
}

/** The component from the PATH, unless what is there was built without a feature we need. */
async function installedComponent(
  name: ComponentName,
  path: string,
): Promise<Component | undefined> {
  const { commands, feature }: Recipe = RECIPES[name];
  for await (const file of programsOnPath(commands, path)) {
    if (!feature || await hasFeature(file, feature)) return { name, command: file, env: {} };
  }
}

/** An advisory lock that the system takes back from a process that dies. */
async function lock(path: string): Promise<Disposable> {
  const file = await Deno.open(path, { create: true, write: true });
  try {
    await waitFor(() => file.tryLock(true), {
      what: `the lock ${path}, which another process that fetches components holds`,
      msMax: LOCK_MS_MAX,
      everyMs: 100,
    });
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

async function fetchComponents(
  names: readonly ComponentName[],
  directory: string,
  options: ComponentsOptions,
): Promise<void> {
  const log = options.log ?? console.error;
  const codename = await debianCodename();
  if (codename === undefined) {
    const needed = names.map(describeNeed).join(", ");
    throw new Error(
      `expected on the PATH: ${needed}; found none of them, and only on Debian can they be fetched`,
    );
  }
  for await (const entry of Deno.readDir(directory)) { // left by a process that was killed
    if (entry.name.startsWith("tmp-")) {
      await Deno.remove(`${directory}/${entry.name}`, { recursive: true });
    }
  }
  const work = await Deno.makeTempDir({ dir: directory, prefix: "tmp-" });
  try {
    const debs = await debCopies(options.debs ?? Deno.env.get("COMPONENTS_DEBS") ?? "", log);
    const suites = new Map<string, Promise<Suite>>();
    const open = (suite: string) => {
      const opened = suites.get(suite) ?? (async () => {
        const mirrors = await machineMirrors(codename);
        return await openSuite(suite, { mirrors, directory: `${work}/apt-${suite}` });
      })();
      suites.set(suite, opened);
      return opened;
    };
    const downloads = new Map<string, Promise<string>>();
    /** Once for all components that need it, as libraries of a newer suite. */
    const download = (suite: string, packageName: string) => {
      const into = `${work}/debs-${suite}-${packageName}`;
      const downloaded = downloads.get(into) ?? (async () => {
        log(`fetching ${packageName} from Debian ${suite} …`);
        await Deno.mkdir(into);
        return await (await open(suite)).download(packageName, into);
      })();
      downloads.set(into, downloaded);
      return downloaded;
    };
    // Together, for most of the time goes into reading the indexes, one for each suite.
    const results = await Promise.allSettled(names.map(async (name) => {
      const recipe: Recipe = RECIPES[name];
      const suite = recipe.suite ?? codename;
      const find = async (packageName: string) => {
        const version = packageName === recipe.package ? recipe.version : undefined;
        const copy = debs.find((file) => isDebOf(file, packageName, version));
        if (copy !== undefined) {
          log(`unpacking ${packageName} from ${copy} …`);
          return copy;
        }
        return await download(suite, packageName);
      };
      await fetchComponent(name, { tree: `${work}/${name}`, find, directory });
    }));
    const failed = results.filter((result) => result.status === "rejected");
    if (failed.length > 0) {
      const reasons = new Set(failed.map(({ reason }) => (reason as Error).message));
      throw new Error(`expected to fetch ${names.join(", ")}: ${[...reasons].join("; ")}`);
    }
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function fetchComponent(
  name: ComponentName,
  { tree, find, directory }: {
    tree: string;
    find: (packageName: string) => Promise<string>;
    directory: string;
  },
): Promise<void> {
  const recipe: Recipe = RECIPES[name];
  const { check, feature, package: packageName } = recipe;
  const packageNames = [packageName, ...recipe.with ?? []];
  const { program, libraries } = await unpackProgram({
    packageNames,
    program: recipe.program,
    tree,
    find,
    newer: recipe.newer,
  });
  const unpacked: Unpacked = {
    program,
    libraries: libraries.map((library) => library.slice(tree.length + 1)),
    env: await resolvePaths(recipe.env ?? {}, tree),
  };
  const file = `${tree}/${program}`;
  const env = environment(unpacked, tree);
  if (check) {
    const { stdout, stderr } = await run(file, check.args, { env });
    if (!check.says.test(stdout + stderr)) {
      const found = (stderr + stdout).trim().split("\n")[0];
      throw new Error(`${name} does not run here: expected ${check.says}, found ${found}`);
    }
  }
  if (feature && !await hasFeature(file, feature, env)) {
    throw new Error(
      `${name}: expected ${packageName} built with ${feature.name}, found one without`,
    );
  }
  await Deno.writeTextFile(`${tree}/${COMPLETE_FILE}`, JSON.stringify(unpacked) + "\n");
  const target = `${directory}/${name}`;
  await Deno.remove(target, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.rename(tree, target);
}

async function resolvePaths(
  env: Readonly<Record<string, readonly string[]>>,
  tree: string,
): Promise<Record<string, string[]>> {
  const resolved: Record<string, string[]> = {};
  for (const [name, paths] of Object.entries(env)) {
    resolved[name] = await Promise.all(paths.map((path) => pathBelow(tree, path)));
  }
  return resolved;
}

/**
 * Whether a file is a .deb of the package: `NAME_VERSION_ARCHITECTURE.deb`, where the colon of an
 * epoch may be escaped.
 */
export function isDebOf(file: string, packageName: string, version?: RegExp): boolean {
  const base = file.slice(file.lastIndexOf("/") + 1);
  const match = /^([^_]+)_(?:\d+(?:%3a|:))?([^_]+)_[^_]+\.deb$/i.exec(base);
  return match !== null && match[1] === packageName && (version?.test(match[2]) ?? true);
}

async function debCopies(directory: string, log: (line: string) => void): Promise<string[]> {
  if (directory === "") return [];
  const files: string[] = [];
  try {
    for await (const { name } of Deno.readDir(directory)) files.push(`${directory}/${name}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    log(`COMPONENTS_DEBS: expected a directory, found none at ${directory}`);
  }
  return files.sort();
}

/** Reads component names. @throws {Error} listing those there are */
function parseNames(args: readonly string[]): ComponentName[] {
  const unknown = args.filter((arg) => !Object.hasOwn(RECIPES, arg));
  if (unknown.length === 0 && args.length > 0) return args as ComponentName[];
  const known = Object.keys(RECIPES).join(", ");
  throw new Error(`expected names of components (${known}), found ${unknown.join(", ") || "none"}`);
}

if (import.meta.main) {
  try {
    const components = await ensureComponents(parseNames(Deno.args));
    for (const { name, command } of Object.values(components)) console.log(`${name}\t${command}`);
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    Deno.exitCode = 1;
  }
}
