/**
 * Sends requests to members over persistent connections. It is used instead of the HTTP client of a library.
 * Whether a push may be sent to another member depends on how far it got: `fetch` reports that only in prose,
 * and undici, which reports it in codes, takes two to three times the CPU (bench/README.md).
 *
 * @module
 */

import { sleep } from "../../concurrency/backoff.ts";
import type { TlsFiles } from "../../config/named_files.ts";
import type { UpstreamConfig } from "../../config/upstream.ts";
import type { Deadlines } from "../../concurrency/deadlines.ts";
import { type Member, splitMember } from "../../member.ts";
import { basicAuthorization } from "../../wire/basic_auth.ts";
import { messageBytes } from "../../wire/message_bytes.ts";
import type { Answer, AnswerLimits } from "./answer.ts";
import {
  connect,
  type Connection,
  type ConnectTarget,
  SendFailure,
  type SendLimits,
} from "./connection.ts";
import type { Handshakes } from "./handshake.ts";

/** A request to a member. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query below the Pushgateways' route prefix, percent-encoded. */
  readonly target: string;
  /** Names and values in turn, without headers that this module sets. */
  readonly headers: readonly string[];
  readonly body?: Uint8Array;
}

/** Sends requests to members. */
export interface Transport extends Disposable {
  /**
   * Sends a request and reads the whole answer. If a connection ends before an answer begins, the request is
   * sent again on a new one, because a Pushgateway may take the same push twice. If that one ends in the same
   * way and the member is healthy, the member has closed them for a reason. If the member is not healthy, the
   * request is sent a third time, which shows whether the member is shutting down. `onBody` never gets the
   * beginning of a body twice.
   *
   * @param limits the timeout is for the whole answer; opening a connection may take up to 2 s before
   * @throws {SendFailure} with how far it got; also when the signal aborts
   * @throws what `limits.onBody` throws. The connection is closed then.
   */
  send(member: Member, request: UpstreamRequest, limits: SendLimits): Promise<Answer>;
}

/** Limits of a transport. */
export interface TransportLimits {
  /** The most idle connections that are kept for each member. */
  readonly idleMax: number;
  readonly answers: AnswerLimits;
  /** Returns the current certificates of `tls_config`. Each new connection uses them. */
  readonly certificates: () => TlsFiles;
  /** Manages the deadlines of the requests. */
  readonly deadlines: Deadlines;
}

/** A host that does not accept a connection for so long counts as unreachable. */
const CONNECT_MS_MAX = 2_000;
/**
 * Pauses before a request is sent again whose connection ended without an answer. A process that is killed
 * closes its connections first: for a moment it still accepts new ones, and drops them.
 */
const RETRY_MS = [0, 100];
/** The timeout of the health check. */
const HEALTH_MS_MAX = 1_000;
/** Idle connections are closed after one to two of these intervals. */
const IDLE_SWEEP_MS = 30_000;

interface Idle {
  readonly connection: Connection;
  /** Whether it has been idle since before the last sweep. */
  stale: boolean;
}

/** Opens a transport. It does not connect to any member yet. */
export function openTransport(upstream: UpstreamConfig, limits: TransportLimits): Transport {
  const { insecureSkipVerify: skipVerify = false, serverName } = upstream.tls;
  const idle = new Map<Member, Idle[]>();
  const hanging = new Map<Member, Handshakes>();
  let sweep: ReturnType<typeof setTimeout> | undefined;
  let open = true;

  /** Takes an idle connection that the member has not closed, as far as is known. */
  function take(member: Member): Connection | undefined {
    const kept = idle.get(member);
    while (kept && kept.length > 0) {
      const connection = kept.pop()?.connection;
      if (connection?.reusable) return connection;
    }
    return undefined;
  }

  function targetOf(member: Member): ConnectTarget {
    const { host: hostname, port } = splitMember(member);
    if (upstream.scheme === "http") return { hostname, port };
    const handshakes = hanging.get(member) ?? new Set();
    hanging.set(member, handshakes);
    const { ca, cert, key } = limits.certificates();
    const common = { caCerts: ca ? [ca] : [], serverName: serverName ?? hostname, handshakes };
    const certificate = cert && key ? { cert, key } : undefined;
    if (!certificate && !skipVerify) return { hostname, port, tls: common };
    const nodeTls = { ...common, ...(certificate && { certificate }), skipVerify };
    return { hostname, port, nodeTls };
  }

  function release(member: Member, connection: Connection): void {
    const kept = idle.get(member);
    if (!open || !connection.reusable || (kept?.length ?? 0) >= limits.idleMax) {
      connection[Symbol.dispose]();
      return;
    }
    if (kept) kept.push({ connection, stale: false });
    else idle.set(member, [{ connection, stale: false }]);
    sweep ??= setTimeout(closeStale, IDLE_SWEEP_MS);
  }

  function closeStale(): void {
    sweep = undefined;
    for (const [member, kept] of idle) {
      const fresh = kept.filter(({ stale }) => !stale);
      for (const { connection, stale } of kept) if (stale) connection[Symbol.dispose]();
      for (const entry of fresh) entry.stale = true;
      if (fresh.length > 0) idle.set(member, fresh);
      else idle.delete(member);
    }
    if (idle.size > 0) sweep = setTimeout(closeStale, IDLE_SWEEP_MS);
  }

  /** Closes the idle connections of a member after the member has closed one. */
  function drop(member: Member): void {
    for (const { connection } of idle.get(member) ?? []) connection[Symbol.dispose]();
    idle.delete(member);
  }

  function connectTo(
    member: Member,
    { timeoutMs, signal }: Pick<SendLimits, "timeoutMs" | "signal">,
  ): Promise<Connection> {
    return connect(targetOf(member), {
      timeoutMs: Math.min(CONNECT_MS_MAX, timeoutMs),
      answers: limits.answers,
      deadlines: limits.deadlines,
      signal,
    });
  }

  /** Whether a member that has just ended connections without an answer is healthy. */
  async function isWell(member: Member, signal: AbortSignal | undefined): Promise<boolean> {
    const limits = { timeoutMs: HEALTH_MS_MAX, signal };
    try {
      const bytes = await encode(member, { method: "GET", target: "/-/healthy", headers: [] });
      const connection = await connectTo(member, limits);
      const { status } = await connection.exchange(bytes, limits);
      release(member, connection);
      return status === 200;
    } catch (failure) {
      if (!(failure instanceof SendFailure)) throw failure;
      return false; // the next attempt shows whether it can be reached
    }
  }

  function encode(
    member: Member,
    request: UpstreamRequest,
  ): readonly Uint8Array[] | Promise<readonly Uint8Array[]> {
    const { basicAuth, routePrefix: prefix } = upstream;
    if (!basicAuth) return encodeRequest(member, request, { prefix });
    return authorization(basicAuth).then((authorization) =>
      encodeRequest(member, request, { prefix, authorization })
    );
  }

  /**
   * Sends a request over a new connection, or over an idle one in the first attempt. Sends it again if that
   * connection ended before an answer began.
   *
   * @param failure the failure of the first attempt, if there was one
   */
  async function insist(
    member: Member,
    bytes: readonly Uint8Array[],
    { limits: { timeoutMs, signal, onBody }, failure }: {
      readonly limits: SendLimits;
      failure?: unknown;
    },
  ): Promise<Answer> {
    let first: SendFailure | undefined;
    let bodyBegun = false;
    const onBodyOnce = onBody && ((chunk: Uint8Array, headers: readonly string[]) => {
      bodyBegun = true;
      return onBody(chunk, headers);
    });
    const exchangeLimits = { timeoutMs, signal, onBody: onBodyOnce };
    for (let tries = failure === undefined ? 0 : 1;; tries++) {
      if (failure !== undefined) {
        if (!(failure instanceof SendFailure)) throw failure;
        // A host that is silent now may have taken the first request. A host that refuses connections has
        // lost it.
        if (first && failure.kind === "unreachable") throw first;
        // If a sink sends data on, it may throw a SendFailure of its own, which is not a reset of this
        // connection.
        const again = failure.kind === "reset" && tries <= RETRY_MS.length && !bodyBegun &&
          !signal?.aborted;
        if (!again) throw failure;
        first ??= failure;
        drop(member);
        await sleep(RETRY_MS[tries - 1], signal);
        if (tries > 1 && await isWell(member, signal)) {
          throw new SendFailure("closed", "two connections ended without an answer", {
            cause: failure,
          });
        }
      }
      try {
        const kept = tries === 0 ? take(member) : undefined;
        const connection = kept ?? await connectTo(member, exchangeLimits);
        const answer = await connection.exchange(bytes, exchangeLimits);
        release(member, connection);
        return answer;
      } catch (error) {
        failure = error;
      }
    }
  }

  return {
    send(member, request, limits) {
      const encoding = encode(member, request);
      if (encoding instanceof Promise) {
        return encoding.then((bytes) => insist(member, bytes, { limits }));
      }
      // The path of nearly every push, in which each further `await` costs time (bench/README.md).
      const kept = limits.onBody ? undefined : take(member);
      if (!kept) return insist(member, encoding, { limits });
      return kept.exchange(encoding, limits).then((answer) => {
        release(member, kept);
        return answer;
      }, (failure) => insist(member, encoding, { limits, failure }));
    },
    [Symbol.dispose]() {
      open = false;
      clearTimeout(sweep);
      for (const member of [...idle.keys()]) drop(member);
      for (const handshakes of hanging.values()) {
        for (const secure of handshakes) secure.close();
        handshakes.clear();
      }
    },
  };
}

async function authorization(
  { username, password, passwordFile }: NonNullable<UpstreamConfig["basicAuth"]>,
): Promise<string> {
  const secret = passwordFile ? await readPassword(passwordFile) : password?.reveal() ?? "";
  return basicAuthorization({ user: username, password: secret });
}

async function readPassword(file: string): Promise<string> {
  try {
    return (await Deno.readTextFile(file)).trim();
  } catch (cause) {
    throw new SendFailure("unreachable", `the password file ${file} cannot be read`, { cause });
  }
}

/** The last headers as text: clients send the same list again and again. */
let last: { headers: readonly string[]; text: string } = { headers: [], text: "" };

function headerText(headers: readonly string[]): string {
  if (headers === last.headers) return last.text;
  const parts: string[] = [];
  for (let i = 0; i < headers.length; i += 2) parts.push(headers[i], ": ", headers[i + 1], "\r\n");
  // What `join` returns is one piece. A sum of texts would be put together again in each request.
  const text = parts.join("");
  last = { headers, text };
  return text;
}

/** A larger body is written separately, because a copy after its head would take as much memory again. */
const COPIED_BYTES_MAX = 65_536;

/** Returns the bytes of a request. */
function encodeRequest(
  member: Member,
  { method, target, headers, body }: UpstreamRequest,
  { prefix, authorization }: { prefix: string; authorization?: string },
): readonly Uint8Array[] {
  let head = `${method} ${prefix}${target} HTTP/1.1\r\nhost: ${member}\r\n`;
  head += headerText(headers);
  if (authorization) head += `authorization: ${authorization}\r\n`;
  head += body || method !== "GET" ? `content-length: ${body?.length ?? 0}\r\n\r\n` : "\r\n";
  const isCopied = body !== undefined && body.length <= COPIED_BYTES_MAX;
  return body && !isCopied ? [messageBytes(head), body] : [messageBytes(head, body)];
}
