/**
 * What open status pages cost the service, its CPU with ten of them, less that without; and how large the page
 * is.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import { sleep } from "../src/concurrency/backoff.ts";
import { PAGE_FILES } from "../src/http/page/files.ts";
import { freePort } from "../tools/ports.ts";
import { startProcess } from "../tools/process.ts";
import { cpuSeconds } from "./cpu.ts";
import { ROOT, sourceProgram } from "../tools/program.ts";
import { readMetrics, writeConfig } from "./service.ts";
import { spread } from "./spread.ts";
import type { Row } from "./table.ts";
import { startMember } from "./targets.ts";

/** Whether pages send the tags of what they have, so that they are told that it has not changed. */
const KINDS = ["nothing changes", "all changes"] as const;
type Kind = (typeof KINDS)[number];

/** What was measured. */
export interface PageResult {
  /** Parts of a core, by round. */
  readonly parts: Readonly<Record<Kind, readonly number[]>>;
  /** The page and all of its files, each packed by gzip. */
  readonly gzippedBytes: number;
}

/** How to run it. */
export interface PageOptions {
  readonly signal: AbortSignal;
  /** Takes progress, a line each. */
  readonly log: (line: string) => void;
}

const MEMBERS = 100;
const PAGES = 10;
const ROUNDS = 5;
const ROUND_MS = 20_000;
/** As the page asks, while there are no events. */
const POLL_MS = 2_000;
const PATHS = ["/api/v1/overview", "/api/v1/members"];
const CORE_REACH = 1;
const GZIPPED_KB_REACH = 60;

/**
 * Measures both kinds of pages and none of them in turn.
 *
 * @throws {Error} where the service does not start or does not answer; the signal's reason
 */
export async function runPage({ signal, log }: PageOptions): Promise<PageResult> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const members = Array.from({ length: MEMBERS }, () => {
    const server = stack.use(startMember());
    return `127.0.0.1:${server.addr.port}`;
  });
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = await writeConfig({ mode: "redirect", members, directory, port });
  const { command, args, env, cwd } = sourceProgram(ROOT);
  // So many members fill the log that is kept: whether it listens is not to be read there.
  const { pid } = stack.use(
    await startProcess(command, {
      name: "dynamic-sharding",
      args: [...args, `--config.file=${config}`, "--log.level=warn"],
      env,
      cwd,
      ready: async ({ signal }) =>
        (await readMetrics(url, signal))('members{state="active"}') === MEMBERS,
    }),
  );
  const usedBy = async (kind?: Kind) => {
    const before = await cpuSeconds(pid);
    const over = AbortSignal.any([signal, AbortSignal.timeout(ROUND_MS)]);
    const pages = kind ? Array.from({ length: PAGES }, () => openPage(url, kind, over)) : [];
    await Promise.all([...pages, sleep(ROUND_MS, over)]);
    signal.throwIfAborted();
    return (await cpuSeconds(pid) - before) * 1_000 / ROUND_MS;
  };
  const gzippedBytes = await sizeOfPage(url);
  const parts: Record<Kind, number[]> = { "nothing changes": [], "all changes": [] };
  for (let round = 0; round <= ROUNDS; round++) {
    const without = await usedBy();
    for (const kind of KINDS) {
      const used = await usedBy(kind);
      if (round === 0) continue; // to warm up
      parts[kind].push(used - without);
      const [more, all] = [used - without, used].map((part) => `${(part * 100).toFixed(2)} %`);
      log(`page: ${kind}: ${PAGES} pages take ${more} of a core, beside them the service: ${all}`);
    }
  }
  return { parts, gzippedBytes };
}

async function sizeOfPage(url: string): Promise<number> {
  let bytes = 0;
  for (const path of ["", ...[...PAGE_FILES.keys()].map((name) => `assets/${name}`)]) {
    const answer = await fetch(`${url}/${path}`, { headers: { accept: "text/html" } });
    const body = new Uint8Array(await answer.arrayBuffer());
    if (answer.status !== 200) throw new Error(`/${path}: expected 200, found ${answer.status}`);
    bytes += gzipSync(body).length;
  }
  return bytes;
}

/** Asks as a page does, until the signal aborts. */
async function openPage(url: string, kind: Kind, signal: AbortSignal): Promise<void> {
  const tags = new Map<string, string>();
  await sleep(POLL_MS * Math.random(), signal);
  while (!signal.aborted) {
    for (const path of PATHS) {
      const tag = kind === "nothing changes" ? tags.get(path) : undefined;
      const headers = tag === undefined ? undefined : { "if-none-match": tag };
      const answer = await fetch(`${url}${path}`, { headers });
      await answer.arrayBuffer();
      if (answer.status !== 200 && answer.status !== 304) {
        throw new Error(`${path}: expected 200 or 304, found ${answer.status}`);
      }
      tags.set(path, answer.headers.get("etag") ?? "");
    }
    await sleep(POLL_MS, signal);
  }
}

/** The rows of the table. */
export function pageRows({ parts, gzippedBytes }: PageResult): Row[] {
  const cpu = KINDS.map((kind) => ({
    figure: `${PAGES} status pages, ${MEMBERS} members, ${kind}: CPU of a core`,
    measured: spread(parts[kind].map((part) => part * 100)),
    unit: "%",
    digits: 2,
    reach: CORE_REACH,
  }));
  const size = {
    figure: `the status page with ${MEMBERS} members and its files, gzipped`,
    measured: spread([gzippedBytes / 1_000]),
    unit: "kB",
    digits: 1,
    reach: GZIPPED_KB_REACH,
  };
  return [...cpu, size];
}
