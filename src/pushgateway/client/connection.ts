/** One connection to a member, over which requests go one after the other. @module */

import { Buffer } from "node:buffer";
import type { Deadlines } from "../../concurrency/deadlines.ts";
import { type Answer, type AnswerLimits, createAnswerReader } from "./answer.ts";
import { awaitHandshake, type ByteStream, type Handshakes, HANDSHAKES_MAX } from "./handshake.ts";
import { connectNodeTls, type NodeTlsOptions } from "./node_tls.ts";
import { recallAnswers } from "./recall.ts";

/** How far a request got that brought no answer. */
export type FailureKind =
  /** Nobody listens there; nothing was sent. */
  | "refused"
  /** No connection came about for another reason; nothing was sent. */
  | "unreachable"
  /** The connection ended before an answer began. */
  | "reset"
  /**
   * Two connections in a row ended before an answer began, and the member is well: it answers this
   * request so. Pushgateway 1.11.0 does where it refuses a push.
   */
  | "closed"
  /** An answer began, and ended early or was no HTTP. */
  | "broken"
  /** It was sent, and no answer came in time. */
  | "timeout";

/** A request that brought no answer. */
export class SendFailure extends Error {
  override readonly name = "SendFailure";
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** A connection to one member. */
export interface Connection extends Disposable {
  /** Whether another request may be sent over it. */
  readonly reusable: boolean;
  /**
   * Sends one request and reads its answer.
   *
   * @param request the bytes of the whole request, in one part or more
   * @throws {SendFailure} `reset`, `broken` or `timeout`; the connection is closed then, as it is
   *   when the signal aborts
   * @throws what `onBody` throws; the connection is closed then too
   */
  exchange(request: readonly Uint8Array[], limits: SendLimits): Promise<Answer>;
}

/** How long something may take. */
export interface ExchangeLimits {
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/** What one request may cost, and where a large answer goes. */
export interface SendLimits extends ExchangeLimits {
  /**
   * Takes the body of a 200 as it arrives, whatever its size; the answer's own body is empty then.
   * Bodies of other answers are gathered as ever.
   */
  readonly onBody?: BodySink;
}

/**
 * Takes the next bytes of a body. Nothing more is read before it is done, and the bytes are only
 * good until then: their place is used again. The time it takes counts towards the timeout; one
 * that never ends is not ended by it.
 *
 * @param headers of the answer: names and values in turn
 */
export type BodySink = (chunk: Uint8Array, headers: readonly string[]) => void | Promise<void>;

/** Where members are connected to. */
export interface ConnectTarget {
  readonly hostname: string;
  readonly port: number;
  /** Absent: plain TCP. */
  readonly tls?: {
    readonly caCerts: string[];
    readonly serverName: string;
    readonly handshakes: Handshakes;
  };
  /** In the place of `tls`, for what that cannot do. */
  readonly nodeTls?: NodeTlsOptions;
}

/** What is wrong, by the words of the TLS library. */
const TLS_FAULTS: Readonly<Record<string, string>> = {
  CaUsedAsEndEntity:
    "its certificate may sign others (CA:TRUE), so it is not taken as that of a server",
  UnknownIssuer: "its certificate is of no authority in pushgateway.tls_config.ca_file",
  InvalidContentType: "it does not speak TLS, which pushgateway.scheme asks for",
  UnsupportedCertVersion: "its certificate is of X.509 version 1, which is not taken",
};

const READ_BYTES = 16_384;
/** At once, of a body that may be large. */
const READ_PART_BYTES = 65_536;

/**
 * Connects.
 *
 * @param limits.answers a larger one that is not cut is `broken`
 * @throws {SendFailure} `refused` or `unreachable`
 */
export async function connect(
  target: ConnectTarget,
  limits: ExchangeLimits & { readonly answers: AnswerLimits; readonly deadlines: Deadlines },
): Promise<Connection> {
  const hanging = (target.tls ?? target.nodeTls)?.handshakes.size ?? 0;
  if (hanging >= HANDSHAKES_MAX) {
    throw new SendFailure("unreachable", `${hanging} TLS handshakes with it are not answered`);
  }
  const deadline = new AbortController();
  const giveUp = () => deadline.abort();
  const timer = setTimeout(giveUp, limits.timeoutMs);
  limits.signal?.addEventListener("abort", giveUp);
  try {
    return createConnection(await open(target, deadline.signal), limits);
  } catch (cause) {
    if (cause instanceof Deno.errors.ConnectionRefused) {
      throw new SendFailure("refused", "connection refused");
    }
    const message = deadline.signal.aborted
      ? `no connection within ${Math.ceil(limits.timeoutMs)} ms`
      : tlsFault(cause) ?? "no connection";
    throw new SendFailure("unreachable", message, { cause });
  } finally {
    clearTimeout(timer);
    limits.signal?.removeEventListener("abort", giveUp);
  }
}

async function open(
  { hostname, port, tls, nodeTls }: ConnectTarget,
  signal: AbortSignal,
): Promise<ByteStream> {
  if (nodeTls) return await connectNodeTls({ hostname, port, ...nodeTls }, signal);
  const tcp = await Deno.connect({ hostname, port, signal });
  tcp.setNoDelay();
  tcp.setKeepAlive();
  return tls ? await startTls(tcp, tls, signal) : tcp;
}

/** Says what is wrong where TLS is not established, if that is known. */
function tlsFault(cause: unknown): string | undefined {
  const { message } = cause instanceof Error ? cause : { message: "" };
  const found = Object.entries(TLS_FAULTS).find(([name]) => message.includes(name));
  return found && `${found[1]}; docs/tls.md has a remedy`;
}

/** Takes the TCP connection over, also where it throws. */
async function startTls(
  tcp: Deno.TcpConn,
  { caCerts, serverName, handshakes }: NonNullable<ConnectTarget["tls"]>,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const secure = await begin();
  await awaitHandshake(secure, secure.handshake(), { handshakes, signal });
  return secure;

  async function begin(): Promise<Deno.TlsConn> {
    try {
      return await Deno.startTls(tcp, { hostname: serverName, caCerts });
    } catch (error) { // as with a name that is none
      try {
        tcp.close();
      } catch {
        // it was taken over, and closed
      }
      throw error;
    }
  }
}

/** Tells what a sink has thrown from what has become of the connection. */
class SinkFailure {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    this.thrown = thrown;
  }
}

function createConnection(
  conn: ByteStream,
  { answers, deadlines }: { answers: AnswerLimits; deadlines: Deadlines },
): Connection {
  const buffer = Buffer.alloc(READ_BYTES);
  const reader = createAnswerReader(answers);
  const take = recallAnswers(reader);
  let [open, written] = [true, true];
  /** The next read, begun while nothing is asked. */
  let ahead: Promise<number | null> | undefined;
  const close = () => {
    if (!open) return;
    open = false;
    conn.close();
    reader[Symbol.dispose]();
  };

  async function write(request: readonly Uint8Array[]): Promise<void> {
    written = false;
    try {
      for (const part of request) {
        let sent = await conn.write(part);
        while (sent < part.length) sent += await conn.write(part.subarray(sent));
      }
      written = true;
    } catch {
      // A member may answer, and close, before it has read the whole request: its answer counts.
    }
  }

  /** What comes while nothing is asked is the answer to nothing, and the end is one. */
  function listen(): void {
    const reading = conn.read(buffer);
    ahead = reading;
    const over = () => {
      if (ahead === reading) close();
    };
    reading.then(over, over);
  }

  function firstRead(): Promise<number | null> {
    const reading = ahead ?? conn.read(buffer);
    ahead = undefined;
    return reading;
  }

  /** What has been read into the buffer; an answer where it is whole. */
  function took(length: number | null): Answer | undefined {
    const answer = length === null ? reader.end() : take(buffer.subarray(0, length));
    if (!answer && length === null) throw new Deno.errors.UnexpectedEof("the connection ended");
    return answer;
  }

  /** Reads an answer, and hands the body of a 200 over as it comes. */
  async function readInParts(onBody: BodySink): Promise<Answer> {
    const large = Buffer.alloc(READ_PART_BYTES);
    for (
      let [into, reading] = [buffer, firstRead()];;
      [into, reading] = [large, conn.read(large)]
    ) {
      const length = await reading;
      const answer = length === null ? reader.end() : take(into.subarray(0, length));
      for (const part of reader.parts()) await handOver(onBody, part);
      if (answer) return answer;
      if (length === null) throw new Deno.errors.UnexpectedEof("the connection ended");
    }
  }

  async function handOver(onBody: BodySink, part: Uint8Array): Promise<void> {
    try {
      const taking = onBody(part, reader.head.headers);
      if (taking) await taking;
    } catch (cause) {
      throw new SinkFailure(cause);
    }
  }

  return {
    get reusable() {
      return open && written && reader.reusable;
    },
    async exchange(request, { timeoutMs, signal, onBody }) {
      let late = false;
      const deadline = deadlines.set(timeoutMs, () => {
        late = true;
        close();
      });
      signal?.addEventListener("abort", close);
      if (signal?.aborted) close();
      void write(request);
      try {
        reader.inParts = onBody !== undefined;
        let answer = onBody ? await readInParts(onBody) : took(await firstRead());
        while (!answer) answer = took(await conn.read(buffer));
        if (!written) close();
        if (open && reader.reusable) listen();
        return answer;
      } catch (cause) {
        close();
        if (cause instanceof SinkFailure) throw cause.thrown;
        if (late) {
          throw new SendFailure("timeout", `no answer within ${Math.ceil(timeoutMs)} ms`, {
            cause,
          });
        }
        throw reader.begun
          ? new SendFailure("broken", "the answer broke off", { cause })
          : new SendFailure("reset", "the connection ended without an answer", { cause });
      } finally {
        deadline.clear();
        signal?.removeEventListener("abort", close);
      }
    },
    [Symbol.dispose]: close,
  };
}
