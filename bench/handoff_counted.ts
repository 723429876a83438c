/** An nginx before each of several Pushgateways, which counts how often they are read whole. @module */

import type { Component } from "../tools/components.ts";
import { freePorts } from "../tools/ports.ts";
import { startNginx } from "./nginx.ts";
import { answers } from "./service.ts";

/** Whole pages that a Pushgateway was asked for. */
export interface Reads {
  /** `/metrics` as text: the push times of all groups. */
  readonly text: number;
  /** `/api/v1/metrics`: a reading of whole groups begins with it, and marks are seen there alone. */
  readonly json: number;
  /** `/metrics` as protobuf, which it goes on with. */
  readonly protobuf: number;
}

/** What came between two counts, member by member. */
export function readsBetween(before: readonly Reads[], after: readonly Reads[]): Reads[] {
  return after.map(({ text, json, protobuf }, i) => ({
    text: text - before[i].text,
    json: json - before[i].json,
    protobuf: protobuf - before[i].protobuf,
  }));
}

/** What stands between the service and the Pushgateways. */
export interface Counted extends AsyncDisposable {
  /** In the order of the Pushgateways. */
  readonly addresses: readonly string[];
  /** Of each Pushgateway, so far. */
  reads(): Promise<Reads[]>;
}

/** Idle connections that are kept to each. */
const KEPT_CONNECTIONS = 64;

/** Starts it. */
export async function startCounted(
  nginx: Component,
  { gateways, directory }: { gateways: readonly string[]; directory: string },
): Promise<Counted> {
  const ports = freePorts(gateways.length);
  const logs = ports.map((port) => `${directory}/reads-${port}.log`);
  const servers = gateways.map((gateway, i) =>
    `  upstream gateway${i} {
    server ${gateway};
    keepalive ${KEPT_CONNECTIONS};
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${ports[i]};
    access_log ${logs[i]} read if=$read;
    location / {
      proxy_pass http://gateway${i};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_max_temp_file_size 0;
    }
  }`
  );
  const process = await startNginx(nginx, {
    name: "counted",
    directory,
    http: `  log_format read "$uri $http_accept";
  map "$request_method:$uri" $read {
    default 0;
    GET:/metrics 1;
    GET:/api/v1/metrics 1;
  }
${servers.join("\n")}`,
    ready: (signal) => answers(`http://127.0.0.1:${ports[0]}/-/healthy`, 200, signal),
  });
  return {
    addresses: ports.map((port) => `127.0.0.1:${port}`),
    reads: () => Promise.all(logs.map(readLog)),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

async function readLog(path: string): Promise<Reads> {
  const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
  const json = lines.filter((line) => line.startsWith("/api/")).length;
  const protobuf = lines.filter((line) => line.includes("protobuf")).length;
  return { json, protobuf, text: lines.filter((line) => line !== "").length - json - protobuf };
}
