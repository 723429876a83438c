/**
 * The HTTP servers that an operator may put before the service, each a reverse proxy with hardly
 * more than its defaults. What is more is what docs/clients.md asks for.
 *
 * @module
 */

import { dirname } from "node:path";
import { type Component, type ComponentName, ensureComponents } from "../../tools/components.ts";
import { freePort } from "../../tools/ports.ts";
import { startProcess } from "../../tools/process.ts";
import { request, startServer, temporaryDirectory } from "../../tools/server.ts";

/** A running reverse proxy. Disposal stops it and removes its files. */
export interface Front extends AsyncDisposable {
  readonly name: FrontName;
  /** `HOST:PORT` to push to. */
  readonly address: string;
}

/** What may stand before the service. */
export type FrontName = keyof typeof FRONTS;

/** What a configuration is written from. */
interface Setting {
  /** `HOST:PORT` to listen on. */
  readonly address: string;
  /** `HOST:PORT` to pass everything on to. */
  readonly upstream: string;
  /** For all that it writes. Every user may enter it. */
  readonly directory: string;
  /** Path of the program. */
  readonly program: string;
}

/** How to run one of them. */
interface Kind {
  readonly component: ComponentName;
  config(setting: Setting): string;
  /** The arguments that keep it in the foreground, with its configuration in `file`. */
  args(file: string, directory: string): string[];
}

// Apache serves nothing as root. Another user cannot choose, and these lines do nothing then.
const NOBODY = "#65534";

const FRONTS = {
  nginx: {
    component: "nginx",
    config: ({ address, upstream, directory }) => {
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((kind) => `${kind}_temp_path ${directory}/${kind};`);
      return `daemon off;
pid ${directory}/pid;
error_log stderr;
events {}
http {
  access_log off;
  ${temporary.join("\n  ")}
  server {
    listen ${address};
    client_max_body_size 16m;
    location / {
      proxy_pass http://${upstream};
      proxy_set_header Via "1.1 nginx";
    }
  }
}
`;
    },
    args: (file, directory) => ["-e", "stderr", "-p", directory, "-c", file],
  },
  Apache: {
    component: "apache",
    config: ({ address, upstream, directory, program }) => {
      const modules = `${dirname(dirname(program))}/lib/apache2/modules`;
      const load = (name: string) => `LoadModule ${name}_module ${modules}/mod_${name}.so\n`;
      return `${["mpm_event", "authz_core", "proxy", "proxy_http"].map(load).join("")}
ServerName ${address}
Listen ${address}
User ${NOBODY}
Group ${NOBODY}
DefaultRuntimeDir ${directory}
PidFile ${directory}/pid
ErrorLog /dev/stderr
ProxyPass / http://${upstream}/
ProxyPassReverse / http://${upstream}/
`;
    },
    args: (file, directory) => ["-D", "FOREGROUND", "-d", directory, "-f", file],
  },
  HAProxy: {
    component: "haproxy",
    config: ({ address, upstream }) =>
      `defaults
  mode http
  option forwardfor
  timeout connect 5s
  timeout client 50s
  timeout server 50s
listen front
  bind ${address}
  server service ${upstream}
`,
    args: (file) => ["-db", "-f", file],
  },
  Caddy: {
    component: "caddy",
    config: ({ address, upstream }) => {
      const [host, port] = address.split(":");
      return `{
  admin off
}
http://:${port} {
  bind ${host}
  reverse_proxy ${upstream}
}
`;
    },
    args: (file) => ["run", "--adapter", "caddyfile", "--config", file],
  },
} as const satisfies Record<string, Kind>;

/** All of them. */
export const FRONT_NAMES = Object.keys(FRONTS) as FrontName[];

/** Finds or fetches the programs. */
export async function prepareFronts(): Promise<Record<FrontName, Component>> {
  const components = await ensureComponents(FRONT_NAMES.map((name) => FRONTS[name].component));
  const entries = FRONT_NAMES.map((name) => [name, components[FRONTS[name].component]]);
  return Object.fromEntries(entries);
}

/**
 * Starts a front on a free port and waits until the service answers through it.
 *
 * @param upstream `HOST:PORT` of the service
 * @throws {Error} with its output when it does not come up
 */
export async function startFront(
  name: FrontName,
  { component, upstream }: { component: Component; upstream: string },
): Promise<Front> {
  const kind: Kind = FRONTS[name];
  const directory = await temporaryDirectory(`dynamic-sharding-${kind.component}`);
  const address = `127.0.0.1:${freePort()}`;
  const { path } = directory;
  const program = component.command;
  const launch = async () => {
    await Deno.chmod(path, 0o755);
    const file = `${path}/config`;
    await Deno.writeTextFile(file, kind.config({ address, upstream, directory: path, program }));
    return await startProcess(program, {
      name,
      args: kind.args(file, path),
      env: { ...component.env, XDG_CONFIG_HOME: path, XDG_DATA_HOME: path }, // Caddy's directories
      ready: async ({ signal }) =>
        (await request(`http://${address}/-/healthy`, { signal })).status === 200,
    });
  };
  const server = await startServer(launch, directory.remove);
  return { name, address, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
