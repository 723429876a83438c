/** Members that are healthy, and treat pushes just as a test wants. @module */

import { targetsOf } from "../../tools/targets.ts";
import { waitFor } from "../../tools/wait.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { type RawConnection, type RawMember, rawMember } from "../pushgateway/raw_member.ts";
import { startApp, type TestApp } from "./app.ts";

/** A member that keeps what was pushed to it. */
export interface StandIn extends RawMember {
  /** Every request but probes and sweeps, whole, as it came. */
  readonly pushes: string[];
}

/** The page of a Pushgateway without groups: some metric of its own is on it. */
const PAGE = "# TYPE pushgateway_build_info gauge\npushgateway_build_info 1\n";
const PAGE_REQUEST = "GET /metrics";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/**
 * Starts one.
 *
 * @param treat answers a push, or does not; by default with an empty 200
 * @param show answers who wants its page of metrics
 */
export function standIn(
  treat: (connection: RawConnection, push: string) => Promise<void> = (connection) =>
    connection.write(OK),
  show?: (connection: RawConnection) => Promise<void>,
): StandIn {
  const pushes: string[] = [];
  const pages = pagesOfAnother();
  const member = rawMember(async (connection) => {
    for (let request; (request = await connection.request());) {
      const asked = request.slice(0, request.indexOf(" HTTP/"));
      const page = pages.get(asked);
      if (show && asked === PAGE_REQUEST) await show(connection);
      else if (page !== undefined) {
        await connection.write(page);
      } else {
        pushes.push(request);
        await treat(connection, request);
      }
    }
  });
  return Object.assign(member, { pushes });
}

let standIns = 0;

/** What a Pushgateway without groups answers, by the request; no other started when it did. */
function pagesOfAnother(): ReadonlyMap<string, string> {
  const status = {
    build_information: { version: "1.11.2" },
    flags: {},
    start_time: `2026-01-01T00:00:00.${String(++standIns).padStart(9, "0")}Z`,
  };
  const json = JSON.stringify({ status: "success", data: status });
  return new Map([
    ["GET /-/healthy", OK],
    [PAGE_REQUEST, answer("text/plain; version=0.0.4", PAGE)],
    ["GET /api/v1/status", answer("application/json", json)],
  ]);
}

function answer(type: string, body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Runs the service before some members, and waits until all of them are active. */
export async function startBefore(
  members: readonly RawMember[],
  config = "mode: proxy",
): Promise<TestApp> {
  const names = members.map(({ member }) => member);
  const app = await startApp(`${config}\npushgateway: {servers: ${JSON.stringify(names)}}\n`);
  const wanted = [...names].sort().join();
  await waitFor(async () => {
    const response = await fetch(`${app.url}/sd`);
    const text = await response.text();
    const ready = await fetch(`${app.url}/-/ready`);
    await ready.body?.cancel();
    return response.ok && ready.ok && targetsOf(text).join() === wanted;
  }, { what: "every member to be active" });
  return app;
}

/** Push paths, each owned by the member at its place. */
export function pathsOf(members: readonly RawMember[], job = "job"): string[] {
  const ring = HashRing.of(new Map(members.map(({ member }) => [member, 1])));
  return members.map(({ member }) => {
    for (let i = 0;; i++) {
      const path = `/metrics/job/${job}${i}`;
      if (ring.ownerOf(path) === member) return path;
    }
  });
}

/** Sends raw bytes to the service and reads until it closes, or has said the last words. */
export async function rawRequest(
  { url }: TestApp,
  send: (write: (text: string) => Promise<void>) => Promise<void>,
  lastWords?: string,
): Promise<string> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const answer = (async () => {
    let text = "";
    const decoder = new TextDecoder("latin1");
    for await (const chunk of readAll(connection)) {
      text += decoder.decode(chunk);
      if (lastWords !== undefined && text.endsWith(lastWords)) break;
    }
    return text;
  })();
  const encoder = new TextEncoder();
  await send(async (text) => {
    const bytes = encoder.encode(text);
    for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
  });
  return await answer;
}

async function* readAll(connection: Deno.Conn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(16_384);
  for (let count; (count = await connection.read(buffer)) !== null;) {
    yield buffer.slice(0, count);
  }
}
