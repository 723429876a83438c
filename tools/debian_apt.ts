/**
 * Fetches Debian packages of any suite, without installing one and without root: apt under a
 * configuration of its own, below one directory, with the machine's own mirror.
 *
 * @module
 */

import { outputOf, run } from "./command.ts";
import {
  type AptSource,
  archiveOf,
  debianMirrors,
  parseDeb822Sources,
  parseSourcesList,
} from "./debian_sources.ts";

/** One suite of the Debian archive, ready to download from. */
export interface Suite {
  readonly name: string;
  /** Downloads a package into `directory` and returns the file's path. */
  download(packageName: string, directory: string): Promise<string>;
  /**
   * Downloads packages and all that they depend on into `directory`, which is made: even what every Debian
   * has.
   */
  downloadWhole(packageNames: readonly string[], directory: string): Promise<void>;
}

const UPDATE_MS_MAX = 180_000;
const DOWNLOAD_MS_MAX = 300_000;
const DOWNLOAD_WHOLE_MS_MAX = 1_200_000;
const KEYRINGS = [
  "/usr/share/keyrings/debian-archive-keyring.gpg",
  "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/** The code name of the Debian release that runs here; `undefined` on any other system. */
export async function debianCodename(osReleaseFile = "/etc/os-release") {
  const text = await readIfThere(osReleaseFile);
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(text)?.[1];
  return field("ID") === "debian" ? field("VERSION_CODENAME") : undefined;
}

/**
 * The mirrors of the Debian archive that this machine's apt uses, likeliest first.
 *
 * @throws {Error} when its sources name none
 */
export async function machineMirrors(codename: string): Promise<AptSource[]> {
  const dirs = await outputOf("apt-config", [
    "shell",
    "LIST",
    "Dir::Etc::sourcelist/f",
    "PARTS",
    "Dir::Etc::sourceparts/d",
  ]);
  const list = /^LIST='(.*)'$/m.exec(dirs)?.[1];
  const parts = /^PARTS='(.*)'$/m.exec(dirs)?.[1];
  const files = list === undefined ? [] : [list];
  if (parts !== undefined) files.push(...await filesIn(parts));

  const sources: AptSource[] = [];
  for (const file of files) {
    const parse = file.endsWith(".sources") ? parseDeb822Sources : parseSourcesList;
    sources.push(...parse(await readIfThere(file)));
  }
  const mirrors = debianMirrors(sources, codename);
  if (mirrors.length > 0) return mirrors;
  throw new Error(
    `expected a Debian mirror with main of ${codename} in apt's sources, found none in ${
      files.join(", ") || "no file at all"
    }`,
  );
}

/**
 * Reads a suite's index from the first mirror that has it, then from where that mirror's domain
 * keeps old releases.
 *
 * @param directory an empty directory for apt's state
 * @throws {Error} with every mirror's answer when none has it
 */
export async function openSuite(
  name: string,
  { mirrors, directory }: { mirrors: readonly AptSource[]; directory: string },
): Promise<Suite> {
  const architecture = (await outputOf("dpkg", ["--print-architecture"])).trim();
  const keyrings: string[] = [];
  for (const file of KEYRINGS) if (await isFile(file)) keyrings.push(file);

  const archives = mirrors.map((mirror) => ({ ...mirror, uri: archiveOf(mirror.uri) }));
  const failures: string[] = [];
  const tried = new Set<string>();
  for (const { uri, signedBy } of [...mirrors, ...archives]) {
    if (uri === undefined || tried.has(uri)) continue;
    tried.add(uri);
    const root = `${directory}/${tried.size}`;
    const keys = [...new Set([...keyrings.slice(0, 1), ...signedBy])];
    const configuration = await configure(root, [
      "Types: deb",
      `URIs: ${uri}`,
      `Suites: ${name}`,
      "Components: main",
      `Architectures: ${architecture}`,
      "Targets: Packages",
      ...(keys.length > 0 ? [`Signed-By: ${keys.join(" ")}`] : []),
    ]);
    const apt = ["-c", configuration, "-q"];
    // Without this mode a mirror that does not answer is only a warning, and an empty index.
    const update = [...apt, "-o", "APT::Update::Error-Mode=any", "update"];
    const { code, stderr } = await run("apt-get", update, { msMax: UPDATE_MS_MAX });
    if (code !== 0) {
      failures.push(`${uri}: ${firstError(stderr)}`);
      continue;
    }
    return {
      name,
      download: (packageName, into) => download(apt, `${packageName}/${name}`, into),
      downloadWhole: (packageNames, into) => downloadWhole(apt, packageNames, into),
    };
  }
  throw new Error(`expected Debian's suite ${name}, found it on no mirror: ${failures.join("; ")}`);
}

async function download(
  apt: readonly string[],
  packageName: string,
  directory: string,
): Promise<string> {
  const before = new Set(await filesIn(directory));
  await outputOf("apt-get", [...apt, "download", packageName], {
    cwd: directory,
    msMax: DOWNLOAD_MS_MAX,
  });
  const file = (await filesIn(directory)).find((path) =>
    path.endsWith(".deb") && !before.has(path)
  );
  if (file !== undefined) return file;
  throw new Error(`expected apt-get download ${packageName} to leave a .deb, found none`);
}

async function downloadWhole(
  apt: readonly string[],
  packageNames: readonly string[],
  directory: string,
): Promise<void> {
  await Deno.mkdir(`${directory}/partial`, { recursive: true });
  const only = ["install", "--download-only", "--no-install-recommends", "--yes"];
  const into = ["-o", `Dir::Cache::archives=${directory}`];
  await outputOf("apt-get", [...apt, ...into, ...only, ...packageNames], {
    msMax: DOWNLOAD_WHOLE_MS_MAX,
  });
}

/** Writes a private apt configuration below `root` and returns its path. */
async function configure(root: string, source: readonly string[]): Promise<string> {
  await Deno.mkdir(`${root}/lists/partial`, { recursive: true });
  await Deno.mkdir(`${root}/archives/partial`, { recursive: true });
  await Deno.writeTextFile(`${root}/status`, "");
  await Deno.writeTextFile(`${root}/mirror.sources`, source.join("\n") + "\n");
  const file = `${root}/apt.conf`;
  // The machine's own settings stay in force (its proxy is one of them), all but where things lie
  // and what it runs after an update. Old suites are no longer signed anew: their date has expired.
  await Deno.writeTextFile(
    file,
    `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "root";
APT::Default-Release "";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Dir::State "${root}";
Dir::State::lists "${root}/lists";
Dir::State::status "${root}/status";
Dir::Cache "${root}";
Dir::Cache::archives "${root}/archives";
Dir::Etc::sourcelist "${root}/mirror.sources";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
`,
  );
  return file;
}

function firstError(stderr: string): string {
  const lines = stderr.trim().split("\n");
  return (lines.find((line) => /^[EW]:/.test(line)) ?? lines[0]).replace(/^[EW]:\s*/, "");
}

async function filesIn(directory: string): Promise<string[]> {
  const files: string[] = [];
  const prefix = directory.replace(/\/$/, "");
  try {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      if (!isDirectory) files.push(`${prefix}/${name}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort();
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
