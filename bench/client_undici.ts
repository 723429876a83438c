/**
 * undici as a client of members: by `Pool.request`, which most programs use, and by `Pool.dispatch`,
 * which is the least that undici does for a request.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import undici from "undici/index.js";
import type { Member } from "../src/member.ts";
import { TIMEOUT_MS, type WorkAnswer, type WorkClient, type WorkRequest } from "./client_work.ts";

/** As many connections to a member as ours keeps, and limits as near to ours as undici has them. */
const POOL_OPTIONS = {
  connections: 4,
  headersTimeout: TIMEOUT_MS,
  bodyTimeout: TIMEOUT_MS,
  keepAliveTimeout: 60_000,
  connect: { timeout: 2_000 },
};

function openPools() {
  const pools = new Map<Member, undici.Pool>();
  return {
    of(member: Member): undici.Pool {
      let pool = pools.get(member);
      if (!pool) pools.set(member, pool = new undici.Pool(`http://${member}`, POOL_OPTIONS));
      return pool;
    },
    close() {
      for (const pool of pools.values()) void pool.destroy();
    },
  };
}

/** Opens a client that uses `Pool.request`. */
export function openUndici(): WorkClient {
  const pools = openPools();
  return {
    async exchange(member, { target, ...rest }) {
      const answer = await pools.of(member).request({ path: target, ...rest });
      return { status: answer.statusCode, bytes: (await answer.body.bytes()).length };
    },
    async readPage(member, target) {
      const answer = await pools.of(member).request({ path: target, method: "GET" });
      let bytes = 0;
      for await (const chunk of answer.body) bytes += chunk.length;
      return { status: answer.statusCode, bytes };
    },
    close: pools.close,
  };
}

/** Opens a client that uses `Pool.dispatch`. */
export function openDispatch(): WorkClient {
  const pools = openPools();
  return {
    async exchange(member, request) {
      const chunks: Uint8Array[] = [];
      const status = await dispatch(pools.of(member), request, (chunk) => chunks.push(chunk));
      return { status, bytes: Buffer.concat(chunks).length };
    },
    async readPage(member, target): Promise<WorkAnswer> {
      let bytes = 0;
      const request = { method: "GET", target } as const;
      const status = await dispatch(pools.of(member), request, (chunk) => bytes += chunk.length);
      return { status, bytes };
    },
    close: pools.close,
  };
}

function dispatch(
  pool: undici.Pool,
  { target, method, body }: WorkRequest,
  take: (chunk: Uint8Array) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0;
    pool.dispatch({ path: target, method, body: body ?? null }, {
      onRequestStart() {},
      onResponseStart(_, statusCode) {
        status = statusCode;
      },
      onResponseData: (_, chunk) => take(chunk),
      onResponseEnd: () => resolve(status),
      onResponseError: (_, error) => reject(error),
    });
  });
}
