/**
 * The servers that an operator may put before the service, each with the example of docs/clients.md
 * in its configuration, and with its own defaults otherwise.
 *
 * @module
 */

import { dirname } from "node:path";
import { type Component, type ComponentName, ensureComponents } from "../../tools/components.ts";
import { openCertificates } from "../../tools/certificates.ts";
import { freePort } from "../../tools/ports.ts";
import { startProcess } from "../../tools/process.ts";
import { request, startServer, temporaryDirectory } from "../../tools/server.ts";
import { codeBlocksOf, sectionOf } from "../docs/markdown.ts";
import { read } from "../docs/pages.ts";

/** A running front. Disposal stops it and removes its files. */
export interface Front extends AsyncDisposable {
  readonly name: FrontName;
  /** `HOST:PORT` to push to. */
  readonly address: string;
  /** What a client trusts, as the path of a PEM file, where the front has TLS. */
  readonly ca?: string;
}

/** What may stand before the service: a program in one of its versions. */
export type FrontName = keyof typeof FRONTS;

/** What a configuration is written from. */
interface Setting {
  /** The example of the docs, with the addresses and the directory of the test. */
  readonly example: string;
  /** For all that it writes. Every user may enter it. */
  readonly directory: string;
  /** Path of the program. */
  readonly program: string;
}

/** How to run one of them. */
interface Kind {
  /** The heading of its example in docs/clients.md. */
  readonly heading: string;
  /** The whole configuration. */
  config(setting: Setting): string;
  /** The arguments that keep it in the foreground, with its configuration in `file`. */
  args(file: string, directory: string): string[];
}

// Apache and Squid serve nothing as root. Another user cannot choose, and these lines do nothing then.
const NOBODY = "#65534";

const NGINX: Kind = {
  heading: "nginx",
  config: ({ example, directory }) => {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((kind) => `${kind}_temp_path ${directory}/${kind};`);
    return `daemon off;
pid ${directory}/pid;
error_log stderr;
events {}
http {
  access_log off;
  ${temporary.join("\n  ")}
  ${example}
}
`;
  },
  args: (file, directory) => ["-e", "stderr", "-p", directory, "-c", file],
};

const APACHE: Kind = {
  heading: "Apache",
  config: ({ example, directory, program }) => {
    const modules = `${dirname(dirname(program))}/lib/apache2/modules`;
    const load = (name: string) => `LoadModule ${name}_module ${modules}/mod_${name}.so\n`;
    return `${["mpm_event", "authz_core", "proxy", "proxy_http"].map(load).join("")}
ServerName localhost
User ${NOBODY}
Group ${NOBODY}
DefaultRuntimeDir ${directory}
PidFile ${directory}/pid
ErrorLog /dev/stderr
${example}`;
  },
  args: (file, directory) => ["-D", "FOREGROUND", "-d", directory, "-f", file],
};

const HAPROXY: Kind = {
  heading: "HAProxy",
  // As Debian has it.
  config: ({ example }) =>
    `defaults
  mode http
  timeout connect 5000
  timeout client 50000
  timeout server 50000
${example}`,
  args: (file) => ["-db", "-f", file],
};

const CADDY: Kind = {
  heading: "Caddy",
  config: ({ example }) =>
    `{
  admin off
  default_bind 127.0.0.1
}
${example}`,
  args: (file) => ["run", "--adapter", "caddyfile", "--config", file],
};

const SQUID: Kind = {
  heading: "Squid",
  config: ({ example, directory, program }) => {
    const root = dirname(dirname(program));
    const shared = `${root}/share/squid`;
    return `pid_filename ${directory}/pid
cache_effective_user nobody
access_log none
cache_log /dev/null
netdb_filename none
pinger_enable off
unlinkd_program ${root}/lib/squid/unlinkd
coredump_dir ${directory}
shutdown_lifetime 0 seconds
error_directory ${shared}/errors/templates
icon_directory ${shared}/icons
mime_table ${shared}/mime.conf
${example}`;
  },
  args: (file) => ["-N", "-d", "1", "-f", file],
};

const STUNNEL: Kind = {
  heading: "stunnel",
  config: ({ example }) => `foreground = yes\npid =\n${example}`,
  args: (file) => [file],
};

const FRONTS = {
  nginx: NGINX,
  "nginx-sid": NGINX,
  apache: APACHE,
  "apache-sid": APACHE,
  haproxy: HAPROXY,
  "haproxy-sid": HAPROXY,
  caddy: CADDY,
  "caddy-sid": CADDY,
  squid: SQUID,
  "squid-sid": SQUID,
  stunnel: STUNNEL,
  "stunnel-sid": STUNNEL,
} as const satisfies Partial<Record<ComponentName, Kind>>;

/** All of them. */
export const FRONT_NAMES = Object.keys(FRONTS) as FrontName[];

/** Finds or fetches the programs. */
export async function prepareFronts(): Promise<Record<FrontName, Component>> {
  return await ensureComponents(FRONT_NAMES);
}

/**
 * Starts a front on a free port and waits until the service answers through it. Where the example
 * names the certificate `/etc/stunnel/pushgateway.pem` it gets one, and is asked over TLS.
 *
 * @param upstream `HOST:PORT` of the service, or of a Pushgateway, on 127.0.0.1
 * @param example replaces the example of the docs
 * @throws {Error} with its output when it does not come up
 */
export async function startFront(
  name: FrontName,
  { component, upstream, example }: {
    readonly component: Component;
    readonly upstream: string;
    readonly example?: string;
  },
): Promise<Front> {
  const kind: Kind = FRONTS[name];
  const directory = await temporaryDirectory(`dynamic-sharding-${name}`);
  const { path } = directory;
  const port = freePort();
  const address = `127.0.0.1:${port}`;
  const program = component.command;
  const text = example ?? await exampleOf(kind);
  const ca = text.includes("pushgateway.pem") ? `${path}/ca.pem` : undefined;
  const launch = async () => {
    await Deno.chmod(path, 0o755);
    if (ca !== undefined) await makeCertificate(path);
    const own = text
      .replaceAll(/10\.0\.0\.\d/g, "127.0.0.1")
      .replaceAll("9091", `${port}`)
      .replaceAll("9292", upstream.split(":")[1])
      .replaceAll("/etc/stunnel", path);
    const file = `${path}/config`;
    await Deno.writeTextFile(file, kind.config({ example: own, directory: path, program }));
    return await startProcess(program, {
      name,
      args: kind.args(file, path),
      env: { ...component.env, XDG_CONFIG_HOME: path, XDG_DATA_HOME: path }, // Caddy's directories
      ready: ({ signal }) => isHealthy(address, { ca, signal }),
    });
  };
  const server = await startServer(launch, directory.remove);
  return { name, address, ca, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** The example of a front in the docs. */
async function exampleOf({ heading }: Kind): Promise<string> {
  const [{ text }] = codeBlocksOf(sectionOf(await read("docs/clients.md"), heading));
  return text;
}

async function makeCertificate(directory: string): Promise<void> {
  const certificates = await openCertificates(directory);
  const authority = await certificates.authority("ca");
  await certificates.signed("pushgateway", authority);
}

async function isHealthy(
  address: string,
  { ca, signal }: { readonly ca: string | undefined; readonly signal: AbortSignal },
): Promise<boolean> {
  using client = Deno.createHttpClient({ caCerts: ca ? [await Deno.readTextFile(ca)] : [] });
  const url = `${ca ? "https" : "http"}://${address}/-/healthy`;
  return (await request(url, { client, signal })).status === 200;
}
