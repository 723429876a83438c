/**
 * `deno task release`: an archive for each target, and their checksums, in `dist/release`.
 *
 *     deno task release [--allow-missing] [--target=linux-amd64 …] [--docs-url=URL]
 *
 * A target whose runtime cannot be fetched is reported by name. It makes the task fail, unless
 * `--allow-missing` is given; what was made is good in either case. `--docs-url` is where `docs/` can
 * be read: the alerts link to it.
 *
 * @module
 */

import { readdir } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { parseArgs } from "node:util";
import manifest from "../deno.json" with { type: "json" };
import { packTarball, packZip } from "./archive.ts";
import { bundle, compile, DIST, readSource, ROOT } from "./build.ts";

/** By the names that Go gives them, as the Go tool's archives have them: what Deno calls them. */
const TARGETS: Readonly<Record<string, string>> = {
  "linux-amd64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "darwin-amd64": "x86_64-apple-darwin",
  "darwin-arm64": "aarch64-apple-darwin",
  "windows-amd64": "x86_64-pc-windows-msvc",
};
const RULES = "monitoring/dynamic-sharding.rules.yml";
/** What goes along with the program, beside the docs. */
const FILES: Readonly<Record<string, string>> = {
  "dynamic-sharding.yml": "dynamic-sharding.yml",
  "dynamic-sharding.service": "packaging/dynamic-sharding.service",
  LICENSE: "LICENSE",
  "README.md": "README.md",
  "README.zh-CN.md": "README.zh-CN.md",
  "monitoring/dynamic-sharding-dashboard.json": "monitoring/dynamic-sharding-dashboard.json",
  [RULES]: RULES,
};
/** What stands for the address of the docs in the rules. */
const DOCS_PLACEHOLDER = "https://dynamic-sharding.example/docs";
const RELEASE = `${DIST}/release`;

/** Everything below docs/, by its path. */
async function docs(): Promise<string[]> {
  const entries = await readdir(`${ROOT}docs`, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => relative(ROOT, `${parentPath}/${name}`));
}

/** Writes one archive; returns its name. */
async function release(
  name: string,
  { bundled, date, docsUrl = DOCS_PLACEHOLDER }: {
    readonly bundled: string;
    readonly date: Date;
    readonly docsUrl?: string;
  },
): Promise<string> {
  const target = TARGETS[name];
  const isWindows = name.startsWith("windows");
  const folder = `dynamic-sharding-${manifest.version}.${name}`;
  const staged = `${DIST}/build/${folder}`;
  await Deno.mkdir(staged, { recursive: true });
  const program = isWindows ? "dynamic-sharding.exe" : "dynamic-sharding";
  const isThisMachine = target === Deno.build.target;
  await compile({
    bundled,
    output: `${staged}/${program}`,
    ...(!isThisMachine && { target }),
  });
  const files = [
    ...Object.entries(FILES).filter(([as]) => !isWindows || !as.endsWith(".service")),
    ...(await docs()).map((file) => [file, file]),
  ];
  for (const [as, file] of files) {
    await Deno.mkdir(dirname(`${staged}/${as}`), { recursive: true });
    await Deno.copyFile(`${ROOT}${file}`, `${staged}/${as}`);
  }
  const rules = await Deno.readTextFile(`${ROOT}${RULES}`);
  await Deno.writeTextFile(`${staged}/${RULES}`, rules.replaceAll(DOCS_PLACEHOLDER, docsUrl));
  const names = [program, ...files.map(([as]) => as)].sort();
  const archive = `${folder}.${isWindows ? "zip" : "tar.gz"}`;
  const pack = isWindows ? packZip : packTarball;
  await pack({ staged, folder, names, date, archive: `${RELEASE}/${archive}` });
  await Deno.remove(staged, { recursive: true });
  return archive;
}

async function sha256(file: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(file));
  return new Uint8Array(digest).toHex();
}

const { values } = parseArgs({
  args: Deno.args,
  options: {
    "allow-missing": { type: "boolean", default: false },
    "docs-url": { type: "string" },
    target: { type: "string", multiple: true, default: Object.keys(TARGETS) },
  },
});
const unknown = values.target.filter((name) => !(name in TARGETS));
if (unknown.length > 0) {
  throw new TypeError(`expected ${Object.keys(TARGETS).join(", ")}, found ${unknown.join(", ")}`);
}
const source = await readSource();
const bundled = await bundle(source);
await Deno.remove(RELEASE, { recursive: true }).catch(() => {});
await Deno.mkdir(RELEASE, { recursive: true });
const made: string[] = [];
const missing: string[] = [];
for (const name of values.target) {
  try {
    made.push(await release(name, { bundled, date: source.date, docsUrl: values["docs-url"] }));
    console.log(`${RELEASE}/${made.at(-1)}`);
  } catch (error) {
    missing.push(name);
    console.error(`${name}: not made: ${error instanceof Error ? error.message : error}`);
  }
}
const sums = await Promise.all(
  made.map(async (file) => `${await sha256(`${RELEASE}/${file}`)}  ${file}\n`),
);
await Deno.writeTextFile(`${RELEASE}/sha256sums.txt`, sums.join(""));
if (missing.length > 0) {
  console.error(`missing: ${missing.join(", ")}`);
  if (!values["allow-missing"]) Deno.exit(1);
}
