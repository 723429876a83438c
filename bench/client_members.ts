/** The members that clients are measured on: one nginx, as fast as can be. @module */

import type { Component } from "../tools/components.ts";
import type { Process } from "../tools/process.ts";
import {
  CHUNKED_PAGE_PATH,
  GROUP_BYTES,
  GROUP_PATH,
  HEALTH_PATH,
  PAGE_BYTES,
  PAGE_PATH,
  STATUS_PATH,
} from "./client_work.ts";
import { startNginx } from "./nginx.ts";
import { answers } from "./service.ts";

/** As long as a Pushgateway's, nearly. */
const STATUS = JSON.stringify({
  status: "success",
  data: {
    build_information: { branch: "HEAD", goversion: "go1.26", revision: "0".repeat(40) },
    flags: { "persistence.file": "", "web.listen-address": ":9091", "web.route-prefix": "/" },
    start_time: "2026-01-01T00:00:00.000000000Z",
  },
});
const LINE = `backup_last_success_seconds{instance="host-57",job="backup"} 1.7e+09\n`;

/**
 * Starts it on the address of every member.
 *
 * @param options.directory takes its files, and the page
 */
export async function startMembers(
  nginx: Component,
  { directory, members }: { directory: string; members: readonly string[] },
): Promise<Process> {
  await Deno.chmod(directory, 0o755); // started by root, nginx reads as another user
  const page = LINE.repeat(Math.ceil(PAGE_BYTES / LINE.length)).slice(0, PAGE_BYTES);
  for (const path of [PAGE_PATH, CHUNKED_PAGE_PATH]) {
    await Deno.mkdir(`${directory}${path.slice(0, path.lastIndexOf("/"))}`);
    await Deno.writeTextFile(`${directory}${path}`, page);
  }
  return await startNginx(nginx, {
    name: "client-members",
    directory,
    // `ssi` takes the length away, so that the page goes out in chunks as a Pushgateway's does.
    http: `  map $request_method $group {
    GET ${"x".repeat(GROUP_BYTES)};
    default "";
  }
  server {
${members.map((member) => `    listen ${member};`).join("\n")}
    root ${directory};
    client_max_body_size 10m;
    location = ${HEALTH_PATH} { return 200 "OK"; }
    location = ${STATUS_PATH} { return 200 '${STATUS}'; }
    location = ${GROUP_PATH} {
      if ($request_method = DELETE) { return 202; }
      return 200 $group;
    }
    location = ${PAGE_PATH} { }
    location = ${CHUNKED_PAGE_PATH} { ssi on; ssi_types *; output_buffers 2 4k; }
  }`,
    ready: (signal) => answers(`http://${members[0]}${HEALTH_PATH}`, 200, signal),
  });
}
