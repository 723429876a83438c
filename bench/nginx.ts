/** Starts nginx with a part of a configuration: what it is measured as is said by the caller. @module */

import type { Component } from "../tools/components.ts";
import { type Process, startProcess } from "../tools/process.ts";

/** What to serve, and where its files go. */
export interface NginxOptions {
  /** Tells it from others in the same directory, and in errors. */
  readonly name: string;
  readonly directory: string;
  /** The inside of the `http` block. */
  readonly http: string;
  /** How many it takes at once; nginx's own default where it is absent. */
  readonly connections?: number;
  readonly ready: (signal: AbortSignal) => Promise<boolean>;
}

/** One worker, no access log, connections that are kept however many requests come over them. */
export async function startNginx(
  nginx: Component,
  { name, directory, http, connections, ready }: NginxOptions,
): Promise<Process> {
  const base = `${directory}/${name}`;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  await Deno.writeTextFile(
    `${base}.conf`,
    `daemon off;
worker_processes 1;
pid ${base}.pid;
error_log stderr;
events {${connections ? ` worker_connections ${connections}; ` : ""}}
http {
  access_log off;
  keepalive_requests 1000000000;
  ${temporary.map((kind) => `${kind}_temp_path ${base}-${kind};`).join("\n  ")}
${http}
}
`,
  );
  return await startProcess(nginx.command, {
    name: `nginx ${name}`,
    args: ["-e", "stderr", "-p", directory, "-c", `${base}.conf`],
    env: nginx.env,
    ready: ({ signal }) => ready(signal),
  });
}
