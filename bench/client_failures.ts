/**
 * What each client tells of a request that failed, above all whether it may have reached the member: a
 * push that may have is never sent to another.
 *
 * @module
 */

import undici from "undici/index.js";
import { createDeadlines } from "../src/concurrency/deadlines.ts";
import { parseMember } from "../src/member.ts";
import { SendFailure } from "../src/pushgateway/client/connection.ts";
import { openTransport } from "../src/pushgateway/client/transport.ts";
import { type Trouble, TROUBLES } from "./client_trouble.ts";

/** What was told of one way to fail; more than one thing where it is not the same each time. */
export interface Told {
  readonly trouble: Trouble;
  /** The kind of failure, or the status where a request sent again was answered. */
  readonly ours: ReadonlySet<string>;
  /** The code, or the name of an error that has none. */
  readonly undici: ReadonlySet<string>;
  /** Whether `onRequestStart` was called. */
  readonly started: ReadonlySet<boolean>;
}

const TRIES = 5;
const TIMEOUT_MS = 500;
const LARGE_BYTES = 20_000_000;
const BODY = new TextEncoder().encode("backup_last_success 1\n");
const LARGE_BODY = new Uint8Array(LARGE_BYTES);

/** Tries every trouble some times. */
export async function tellFailures(
  { signal, log }: { signal: AbortSignal; log: (line: string) => void },
): Promise<Told[]> {
  log(`client: ${TROUBLES.length} ways to fail, each ${TRIES} times`);
  return await Promise.all(TROUBLES.map(async (trouble) => {
    const told = {
      trouble,
      ours: new Set<string>(),
      undici: new Set<string>(),
      started: new Set<boolean>(),
    };
    for (let i = 0; i < TRIES; i++) {
      signal.throwIfAborted();
      told.ours.add(await askOurs(trouble));
      const { code, started } = await askUndici(trouble);
      told.undici.add(code);
      told.started.add(started);
    }
    return told;
  }));
}

async function askOurs(trouble: Trouble): Promise<string> {
  using troubled = await trouble.open();
  using deadlines = createDeadlines();
  using transport = openTransport(
    { scheme: trouble.scheme ?? "http", routePrefix: "", tls: {} },
    {
      idleMax: 1,
      answers: { bytesMax: 1e6, beyond: "error" },
      certificates: () => ({}),
      deadlines,
    },
  );
  const member = parseMember(troubled.name);
  const send = (method: string, body?: Uint8Array) =>
    transport.send(member, { method, target: "/", headers: [], body }, { timeoutMs: TIMEOUT_MS });
  try {
    if (trouble.kept) await send("GET");
    return String((await send("PUT", bodyOf(trouble))).status);
  } catch (failure) {
    if (!(failure instanceof SendFailure)) throw failure;
    return failure.kind;
  }
}

async function askUndici(trouble: Trouble): Promise<{ code: string; started: boolean }> {
  using troubled = await trouble.open();
  const pool = new undici.Pool(`${trouble.scheme ?? "http"}://${troubled.name}`, {
    connections: 1,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    connect: { timeout: TIMEOUT_MS },
  });
  try {
    if (trouble.kept) await (await pool.request({ method: "GET", path: "/" })).body.dump();
    return await put(pool, bodyOf(trouble));
  } finally {
    void pool.destroy();
  }
}

function put(pool: undici.Pool, body: Uint8Array): Promise<{ code: string; started: boolean }> {
  return new Promise((resolve) => {
    let [started, status] = [false, 0];
    pool.dispatch({ method: "PUT", path: "/", body }, {
      onRequestStart() {
        started = true;
      },
      onResponseStart(_, statusCode) {
        status = statusCode;
      },
      onResponseData() {},
      onResponseEnd: () => resolve({ code: String(status), started }),
      onResponseError(_, error: Error & { code?: string }) {
        resolve({ code: error.code ?? error.name, started });
      },
    });
  });
}

function bodyOf({ large }: Trouble): Uint8Array {
  return large ? LARGE_BODY : BODY;
}
