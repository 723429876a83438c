/**
 * Sends requests to members over connections that are kept. It stands where an HTTP client of a
 * library would. Whether a push may go to another member depends on how far it got: `fetch` tells that
 * only in prose, and undici, which tells it in codes, takes two to three times the CPU
 * (bench/README.md).
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
  /** Names and values in turn; none of those that this module sets. */
  readonly headers: readonly string[];
  readonly body?: Uint8Array;
}

/** Sends to any member. */
export interface Transport extends Disposable {
  /**
   * Sends a request and reads the whole answer. Where a connection ends before an answer begins it
   * is sent once more, on a fresh one: what a Pushgateway takes, it may take again. Where that ends so,
   * too, a member that is well has closed them for a reason; one that is about to be gone is sent it a
   * third time, which shows that it is. No body begins twice for `onBody`.
   *
   * @param limits the timeout is for the whole answer; a connection has up to 2 s to come about
   *   before
   * @throws {SendFailure} telling how far it got; also when the signal aborts
   * @throws what `limits.onBody` throws; the connection is closed then
   */
  send(member: Member, request: UpstreamRequest, limits: SendLimits): Promise<Answer>;
}

/** Limits of a transport. */
export interface TransportLimits {
  /** Idle connections that are kept for each member. */
  readonly idleMax: number;
  readonly answers: AnswerLimits;
  /** The certificates of `tls_config`, which each new connection is made with as they are then. */
  readonly certificates: () => TlsFiles;
  /** Where the deadlines of its requests are kept. */
  readonly deadlines: Deadlines;
}

/** A host that says nothing to a connection for so long is as good as gone. */
const CONNECT_MS_MAX = 2_000;
/**
 * Waits before a request is sent again whose connection ended without an answer. A process that is
 * killed lets go of its connections first: for a moment it still takes new ones, and drops them.
 */
const RETRY_MS = [0, 100];
/** For a member to say that it is well. */
const HEALTH_MS_MAX = 1_000;
/** Idle connections are closed after between one and two of these. */
const IDLE_SWEEP_MS = 30_000;

interface Idle {
  readonly connection: Connection;
  /** Has been idle since before the last sweep. */
  stale: boolean;
}

/** Opens a transport; nothing is connected yet. */
export function openTransport(upstream: UpstreamConfig, limits: TransportLimits): Transport {
  const { insecureSkipVerify: skipVerify = false, serverName } = upstream.tls;
  const idle = new Map<Member, Idle[]>();
  const hanging = new Map<Member, Handshakes>();
  let sweep: ReturnType<typeof setTimeout> | undefined;
  let open = true;

  /** One that the member has not let go of, as far as is known. */
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

  /** Those of a member that has let go of one of them. */
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

  /** Whether a member is well that has just ended connections without an answer. */
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
      return false; // the next try of the request tells what has become of it
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
   * Sends over a fresh connection, or a kept one for the first time, and again where that ended before an
   * answer began.
   *
   * @param failure of the first try, where there was one
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
        // A host that is silent now may have taken the first; one that refuses has lost it.
        if (first && failure.kind === "unreachable") throw first;
        // A sink that sends on may fail in that, and then it is no reset of ours.
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
      // The way of nearly every push, for which each further `await` costs (bench/README.md).
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

/** Of the headers that were sent last: the same list comes again and again. */
let last: { headers: readonly string[]; text: string } = { headers: [], text: "" };

function headerText(headers: readonly string[]): string {
  if (headers === last.headers) return last.text;
  let text = "";
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  last = { headers, text };
  return text;
}

/** A larger body is written by itself: to copy it behind its head would take as much memory again. */
const COPIED_BYTES_MAX = 65_536;

/** The bytes of a request. */
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
