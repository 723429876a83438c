/** One connection to a member. Requests are sent over it one after the other. @module */

import { Buffer } from "node:buffer";
import type { Deadline, Deadlines } from "../../concurrency/deadlines.ts";
import { type Answer, type AnswerLimits, type AnswerReader, createAnswerReader } from "./answer.ts";
import { awaitHandshake, type ByteStream, type Handshakes, HANDSHAKES_MAX } from "./handshake.ts";
import { connectNodeTls, type NodeTlsOptions } from "./node_tls.ts";
import { recallAnswers, type TakeFirst } from "./recall.ts";

/** How far a request without an answer got. */
export type FailureKind =
  /** The connection was refused; nothing was sent. */
  | "refused"
  /** There is no connection for another reason; nothing was sent. */
  | "unreachable"
  /** The connection ended before an answer began. */
  | "reset"
  /**
   * Two connections in a row ended before an answer began, although the member is healthy: closing is its
   * answer to this request. Pushgateway 1.11.0 does this to refuse a push.
   */
  | "closed"
  /** An answer began, but it ended early or was not HTTP. */
  | "broken"
  /** The request was sent, and no answer arrived in time. */
  | "timeout";

/** A request has got no answer. */
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
   * @throws {SendFailure} `reset`, `broken` or `timeout`. The connection is closed then, and also when the
   *   signal aborts.
   * @throws what `onBody` throws. The connection is closed then.
   */
  exchange(request: readonly Uint8Array[], limits: SendLimits): Promise<Answer>;
}

/** Limits of the duration. */
export interface ExchangeLimits {
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/** Limits of one request, and where a large answer goes. */
export interface SendLimits extends ExchangeLimits {
  /**
   * Takes the body of a 200 as it arrives, whatever its size. The body of the answer is empty then. The
   * bodies of other answers are collected as usual.
   */
  readonly onBody?: BodySink;
}

/**
 * Takes the next bytes of a body. Nothing more is read before it has finished, and the bytes are valid only
 * until then, because their memory is reused. Its time counts towards the timeout, but the timeout does not
 * end a sink that never finishes.
 *
 * @param headers the headers of the answer: names and values in turn
 */
export type BodySink = (chunk: Uint8Array, headers: readonly string[]) => void | Promise<void>;

/** The address of a member, and how to connect to it. */
export interface ConnectTarget {
  readonly hostname: string;
  readonly port: number;
  /** Absent: plain TCP. */
  readonly tls?: {
    readonly caCerts: string[];
    readonly serverName: string;
    readonly handshakes: Handshakes;
  };
  /** Used instead of `tls` for what that does not support. */
  readonly nodeTls?: NodeTlsOptions;
}

/** What is wrong, by the errors of the TLS library. */
const TLS_FAULTS: Readonly<Record<string, string>> = {
  CaUsedAsEndEntity:
    "its certificate may sign others (CA:TRUE), so it is not taken as that of a server",
  UnknownIssuer: "its certificate is of no authority in pushgateway.tls_config.ca_file",
  InvalidContentType: "it does not speak TLS, which pushgateway.scheme asks for",
  UnsupportedCertVersion: "its certificate is of X.509 version 1, which is not taken",
};

const READ_BYTES = 16_384;
/** The size of a read for a body that may be large. */
const READ_PART_BYTES = 65_536;

/**
 * Opens a connection.
 *
 * @param limits.answers a larger answer that is not cut fails as `broken`
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
  if (limits.signal?.aborted) giveUp();
  try {
    return new MemberConnection(await open(target, deadline.signal), limits);
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

/** Returns what is wrong if TLS could not be established, if the cause is known. */
function tlsFault(cause: unknown): string | undefined {
  const { message } = cause instanceof Error ? cause : { message: "" };
  const found = Object.entries(TLS_FAULTS).find(([name]) => message.includes(name));
  return found && `${found[1]}; docs/tls.md has a remedy`;
}

/** Starts TLS. Owns the TCP connection from now on, even if it throws. */
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
    } catch (error) { // for example, an invalid name
      try {
        tcp.close();
      } catch {
        // It is owned by TLS, and closed already.
      }
      throw error;
    }
  }
}

/** A member may answer and close before it has read the whole request. Its answer counts. */
function ignore(): void {}

/** Distinguishes errors of a sink from errors of the connection. */
class SinkFailure {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    this.thrown = thrown;
  }
}

/** A class for the reason that an answer's reader is one. */
class MemberConnection implements Connection {
  readonly #conn: ByteStream;
  /** The deadline of the current request. */
  readonly #deadline: Deadline;
  readonly #buffer = Buffer.alloc(READ_BYTES);
  readonly #reader: AnswerReader;
  readonly #take: TakeFirst;
  #isOpen = true;
  #isWritten = true;
  /** Whether the time of the current request was up. */
  #isLate = false;
  /** The next read, which is started while there is no request. */
  #ahead: Promise<number | null> | undefined;

  constructor(
    conn: ByteStream,
    { answers, deadlines }: { answers: AnswerLimits; deadlines: Deadlines },
  ) {
    this.#conn = conn;
    this.#deadline = deadlines.create(this.#late);
    this.#reader = createAnswerReader(answers);
    this.#take = recallAnswers(this.#reader);
  }

  get reusable(): boolean {
    return this.#isOpen && this.#isWritten && this.#reader.reusable;
  }

  async exchange(
    request: readonly Uint8Array[],
    { timeoutMs, signal, onBody }: SendLimits,
  ): Promise<Answer> {
    this.#deadline.set(timeoutMs);
    signal?.addEventListener("abort", this.#close);
    if (signal?.aborted) this.#close();
    this.#write(request);
    const reader = this.#reader;
    try {
      reader.inParts = onBody !== undefined;
      let answer = onBody ? await this.#readInParts(onBody) : this.#took(await this.#firstRead());
      while (!answer) answer = this.#took(await this.#conn.read(this.#buffer));
      if (!this.#isWritten) this.#close();
      if (this.#isOpen && reader.reusable) this.#listen();
      return answer;
    } catch (cause) {
      this.#close();
      if (cause instanceof SinkFailure) throw cause.thrown;
      if (this.#isLate) {
        throw new SendFailure("timeout", `no answer within ${Math.ceil(timeoutMs)} ms`, { cause });
      }
      throw reader.begun
        ? new SendFailure("broken", "the answer broke off", { cause })
        : new SendFailure("reset", "the connection ended without an answer", { cause });
    } finally {
      this.#deadline.clear();
      signal?.removeEventListener("abort", this.#close);
    }
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  readonly #close = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#conn.close();
    this.#reader[Symbol.dispose]();
  };

  readonly #late = (): void => {
    this.#isLate = true;
    this.#close();
  };

  #write(request: readonly Uint8Array[]): void {
    this.#isWritten = false;
    const [first] = request;
    const isWhole = request.length === 1;
    // The path of nearly every push: an async function for it would allocate a tenth of what a push does.
    this.#conn.write(first).then((sent) => {
      if (isWhole && sent === first.length) this.#isWritten = true;
      else return this.#writeRest(request, sent);
    }).catch(ignore);
  }

  /** @param sent how much of the first part is written */
  async #writeRest([first, ...parts]: readonly Uint8Array[], sent: number): Promise<void> {
    for (const part of [first.subarray(sent), ...parts]) {
      for (let at = 0; at < part.length;) at += await this.#conn.write(part.subarray(at));
    }
    this.#isWritten = true;
  }

  /** Closes the connection if bytes arrive while there is no request, or if the member ends it. */
  #listen(): void {
    this.#ahead = this.#conn.read(this.#buffer);
    this.#ahead.then(this.#heard, this.#heard);
  }

  /** Called when a read that was started without a request has ended. */
  readonly #heard = (): void => {
    // A request that takes over this read clears `#ahead` first. Then there is nothing to do.
    if (this.#ahead) this.#close();
  };

  #firstRead(): Promise<number | null> {
    const reading = this.#ahead ?? this.#conn.read(this.#buffer);
    this.#ahead = undefined;
    return reading;
  }

  /** Handles bytes that were read into the buffer. Returns the answer if it is complete. */
  #took(length: number | null): Answer | undefined {
    const answer = length === null ? this.#reader.end() : this.#take(this.#buffer, length);
    if (!answer && length === null) throw new Deno.errors.UnexpectedEof("the connection ended");
    return answer;
  }

  /** Reads an answer, and passes the body of a 200 to a sink as it arrives. */
  async #readInParts(onBody: BodySink): Promise<Answer> {
    const large = Buffer.alloc(READ_PART_BYTES);
    for (
      let [into, reading] = [this.#buffer, this.#firstRead()];;
      [into, reading] = [large, this.#conn.read(large)]
    ) {
      const length = await reading;
      const answer = length === null ? this.#reader.end() : this.#take(into, length);
      for (const part of this.#reader.parts()) await this.#handOver(onBody, part);
      if (answer) return answer;
      if (length === null) throw new Deno.errors.UnexpectedEof("the connection ended");
    }
  }

  async #handOver(onBody: BodySink, part: Uint8Array): Promise<void> {
    try {
      const taking = onBody(part, this.#reader.head.headers);
      if (taking) await taking;
    } catch (cause) {
      throw new SinkFailure(cause);
    }
  }
}
