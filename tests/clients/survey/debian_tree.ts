/**
 * A suite of Debian, unpacked into a directory that programs take for the whole system: so those of a newer
 * suite run, with all that they load, and nothing is installed.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { outputOf } from "../../../tools/command.ts";
import { componentsDirectory } from "../../../tools/components.ts";
import { debianCodename, machineMirrors, openSuite } from "../../../tools/debian_apt.ts";
import type { Command } from "../client.ts";
import type { Suite } from "./debian_families.ts";

/** An unpacked suite. */
export interface DebianTree {
  readonly suite: Suite;
  /** The upstream version of an unpacked package. */
  versionOf(packageName: string): string;
  /** Makes a command that runs a program of the tree, which finds the drivers in `/drivers`. */
  inside(argv: readonly string[]): Command;
}

/** Names packages that belong together, as those of a language. */
export interface PackageGroup {
  readonly name: string;
  readonly packages: readonly string[];
}

/** Written last for each group: it is unpacked. Holds the version of each of its packages. */
const GROUP_FILE = "group.json";
const UNPACK_MS_MAX = 600_000;

/** A shell, and what programs look up names, numbers and authorities in. */
const BASE: PackageGroup = {
  name: "base",
  packages: ["base-files", "ca-certificates", "coreutils", "dash", "libc-bin", "netbase"],
};

// The directories of the machine's root are links in a tree, and packages have files in both.
const UNPACK = `set -euo pipefail
tree=$1 debs=$2
mkdir -p "$tree/tmp" "$tree/proc" "$tree/dev" "$tree/drivers"
for name in bin sbin lib lib64; do
  mkdir -p "$tree/usr/$name"
  ln -sfn "usr/$name" "$tree/$name"
done
for deb in "$debs"/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x --no-same-owner --keep-directory-symlink -C "$tree"
  dpkg-deb --show --showformat='\${Package}\\t\${Version}\\n' "$deb"
done
mkdir -p "$tree/etc/ssl/certs"
cat "$tree"/usr/share/ca-certificates/mozilla/*.crt >"$tree/etc/ssl/certs/ca-certificates.crt"`;

// In namespaces of its own, where any user may mount what a program needs to find.
const INSIDE = `set -e
tree=$1 drivers=$2
shift 2
mount --rbind /proc "$tree/proc"
mount --rbind /dev "$tree/dev"
mount --bind "$drivers" "$tree/drivers"
exec chroot "$tree" "$@"`;

/**
 * Unpacks groups of packages of a suite, with all that they depend on. Those that are there already are
 * taken as they are.
 *
 * @throws {Error} where the machine is not Debian, or a group cannot be had
 */
export async function ensureDebianTree(
  suite: Suite,
  groups: readonly PackageGroup[],
): Promise<DebianTree> {
  const tree = `${componentsDirectory()}/clients-${suite}`;
  const versions = new Map<string, string>();
  const missing: PackageGroup[] = [];
  for (const group of [BASE, ...groups]) {
    const known = await readVersions(`${tree}/${group.name}-${GROUP_FILE}`);
    for (const [name, version] of known) versions.set(name, version);
    if (group.packages.some((name) => !known.has(name))) missing.push(group);
  }
  if (missing.length > 0) {
    await Deno.mkdir(tree, { recursive: true });
    const work = await Deno.makeTempDir({ prefix: "dynamic-sharding-debs-" });
    try {
      const codename = await debianCodename();
      if (codename === undefined) throw new Error("expected Debian, found another system");
      const mirrors = await machineMirrors(codename);
      const opened = await openSuite(suite, { mirrors, directory: `${work}/apt` });
      for (const { name, packages } of missing) {
        console.error(`fetching ${packages[0]} and others from Debian ${suite} …`);
        const debs = `${work}/${name}`;
        await opened.downloadWhole(packages, debs);
        const list = await outputOf("bash", ["-c", UNPACK, "unpack", tree, debs], {
          msMax: UNPACK_MS_MAX,
        });
        await Deno.remove(debs, { recursive: true });
        const unpacked = list.trimEnd().split("\n").map((line) => line.split("\t"));
        for (const [unpackedName, version] of unpacked) versions.set(unpackedName, version);
        const file = `${tree}/${name}-${GROUP_FILE}`;
        await Deno.writeTextFile(file, JSON.stringify(Object.fromEntries(unpacked)));
      }
    } finally {
      await Deno.remove(work, { recursive: true });
    }
  }
  return {
    suite,
    versionOf(packageName) {
      const version = versions.get(packageName);
      if (version === undefined) throw new Error(`${packageName} is not in ${tree}`);
      return upstreamVersion(version);
    },
    inside: (argv) => ({
      command: "unshare",
      args: [
        ...["--user", "--map-root-user", "--mount", "sh", "-c", INSIDE, "inside"],
        ...[tree, fileURLToPath(new URL("drivers", import.meta.url)), ...argv],
      ],
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/tmp", LC_ALL: "C.UTF-8" },
    }),
  };
}

async function readVersions(file: string): Promise<Map<string, string>> {
  try {
    return new Map(Object.entries(JSON.parse(await Deno.readTextFile(file))));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Map();
    throw error;
  }
}

/** The version of the program that a package holds: of `1:2.0+dfsg-3` and `2.0~1` it is 2.0. */
export function upstreamVersion(version: string): string {
  return version.replace(/^\d+:/, "").replace(/-[^-]*$/, "").replace(/[+~].*$/, "");
}
