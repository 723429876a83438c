/**
 * One connection of a client: it reads requests one after the other, answers each before it reads the
 * next, and lets go of the client so that it gets its last answer.
 *
 * @module
 */

import type { Recall } from "../../wire/recall.ts";
import {
  asciiBytes,
  chunkBytes,
  isBodiless,
  LAST_CHUNK,
  messageBytes,
  type ReplyFrame,
  replyHead,
  writeAscii,
} from "../../wire/message_bytes.ts";
import { type Refusal, refuse, type RequestHead } from "../../wire/request_head.ts";
import type { RequestReader } from "../../wire/request_reader.ts";
import { BodyFailure, type Handler, type Parts, Reply, textReply } from "../message.ts";
import { Input, type InputMemory } from "./input.ts";
import { type BodySource, RequestBody } from "./request_body.ts";

/** Seconds for a head to come, once its first byte has. */
const HEAD_S_MAX = 10;
/** Seconds that a client may take between two requests, or before the first. */
const IDLE_S_MAX = 180;
/** Seconds for a client to take a part of its answer. */
const TAKE_S_MAX = 60;
/** Seconds that are waited for a client to end its side, and for it to bring anything before. */
const LINGER_S_MAX = 30;
const LINGER_QUIET_S_MAX = 5;
/** The same while the server ends: clients that still send are served by others then. */
const LAST_LINGER_QUIET_S_MAX = 1;
/** For all heads together that have begun and not ended. */
const HEADS_BYTES_MAX = 67_108_864;
const READERS_MAX = 32;
/** For an answer while it is written. */
const SCRATCH_BYTES = 4_096;

const CONTINUE = messageBytes("HTTP/1.1 100 Continue\r\n\r\n");
const NEVER = Infinity;

/** What all connections of one server share. */
export interface Shared {
  readonly handler: Handler;
  /** Is told of what was no request. */
  readonly onRefused: (refusal: Refusal, client: string) => void;
  /** A clock that counts seconds. */
  seconds: number;
  /** The present time, as RFC 9110, 5.6.7, writes it. */
  date: string;
  /** The next answer of each connection is its last. */
  isEnding: boolean;
  /** Of the heads that have begun and not ended. */
  headBytes: number;
  readonly recall: Recall;
  readonly openReader: () => RequestReader;
  /** Those that nobody uses. */
  readonly readers: RequestReader[];
  readonly memory: InputMemory;
  /** Memory for answers, of which there is as much as is written at once. */
  readonly scratch: Uint8Array[];
}

/** An answer, and the memory that it is in. */
interface Ordinary {
  readonly bytes: Uint8Array;
  readonly memory: Uint8Array;
}

/** A connection that is served. */
export class Connection {
  /** It has brought no request since somebody last looked. */
  isIdle = false;
  /** The client's address. */
  readonly client: string;
  /** What it waits for. */
  #state: "request" | "head" | "answer" | "end" = "request";
  readonly #conn: Deno.TcpConn;
  readonly #shared: Shared;
  readonly #input: Input;
  readonly #source: BodySource;
  #reader: RequestReader | undefined;
  /** The answer to a head that is late. */
  #refusing: Promise<void> | undefined;
  /** What is being answered with. */
  #parts: Parts | undefined;
  /** The second in which it has waited for long enough. */
  #due: number;

  constructor(conn: Deno.TcpConn, shared: Shared) {
    this.#conn = conn;
    this.#shared = shared;
    this.client = conn.remoteAddr.hostname;
    this.#input = new Input(conn, shared.memory);
    this.#source = {
      input: this.#input,
      reader: () => this.#reader,
      ask: () => this.#write(CONTINUE),
    };
    this.#due = shared.seconds + IDLE_S_MAX;
  }

  /** Whether no request of its client has come whole that is not answered. */
  get awaitsRequest(): boolean {
    return this.#state === "request" || this.#state === "head";
  }

  /**
   * Serves the client until one of both has had enough.
   *
   * @throws where the connection breaks off
   */
  async run(): Promise<void> {
    const input = this.#input;
    try {
      this.#conn.setNoDelay();
      this.#conn.setKeepAlive();
      for (;;) {
        // Each further `await` on the way of a push costs (bench/README.md).
        if (input.there === 0 && !input.took(await input.next())) return;
        const head = this.#knownHead() ?? this.#readHead() ?? await this.#restOfHead();
        if (head === undefined) return;
        if ("refused" in head) {
          await this.#refuse(head);
          return;
        }
        this.#state = "answer";
        this.#due = NEVER;
        const body = new RequestBody(this.#source, head);
        const { method, target, headers, expectsContinue } = head;
        const { client } = this;
        const request = { method, target, headers, expectsContinue, client, body };
        const answering = this.#shared.handler(request);
        const reply = answering instanceof Reply ? answering : await answering;
        body.close();
        const ordinary = this.#ordinaryAnswer(head, body, reply);
        if (ordinary === undefined) {
          if (!await this.#answer(head, body, reply)) return;
        } else {
          const { bytes, memory } = ordinary;
          this.#due = this.#shared.seconds + TAKE_S_MAX;
          const length = await this.#conn.write(bytes);
          if (length < bytes.length) await this.#write(bytes.subarray(length));
          this.#shared.scratch.push(memory);
        }
        this.#state = "request";
        this.isIdle = false;
        this.#rest();
        this.#due = this.#shared.seconds + IDLE_S_MAX;
      }
    } finally {
      await this.#refusing;
      this.#rest();
      this.close();
      input.free();
    }
  }

  /** Looks whether it has waited for too long. */
  tick(): void {
    if (this.#due > this.#shared.seconds) return;
    this.#due = NEVER;
    if (this.#state !== "head") this.close();
    else this.#refusing = this.#refuseLate();
  }

  /** Ends it, whatever goes on. */
  close(): void {
    void this.#parts?.return(); // not every Deno ends a write when its connection is closed
    try {
      this.#conn.close();
    } catch {
      // closed before
    }
  }

  /** A head that has come whole, and whose fields were read before. */
  #knownHead(): RequestHead | undefined {
    const { recall } = this.#shared;
    const { buffer, from, to } = this.#input;
    const head = recall.head(buffer, from, to);
    if (head) this.#input.pass(recall.taken);
    return head;
  }

  /** Reads a head from what is there; absent where more is needed. */
  #readHead(): RequestHead | Refusal | undefined {
    const reader = this.#reader ??= this.#shared.readers.pop() ?? this.#shared.openReader();
    const head = reader.readHead(this.#input.unread());
    this.#input.pass(reader.taken);
    return head;
  }

  /** Reads on, where a head has begun; absent where that took too long, and was refused. */
  async #restOfHead(): Promise<RequestHead | Refusal | undefined> {
    const [shared, input] = [this.#shared, this.#input];
    this.#state = "head";
    this.#due = shared.seconds + HEAD_S_MAX + 1;
    let bytes = 0;
    try {
      for (;;) {
        const { headBytes = 0 } = this.#reader ?? {};
        shared.headBytes += headBytes - bytes;
        bytes = headBytes;
        if (shared.headBytes > HEADS_BYTES_MAX) {
          return refuse(503, "the heads of other requests take all of the memory for heads");
        }
        const hasMore = input.took(await input.next());
        if (this.#refusing) return undefined;
        if (!hasMore) return refuse(400, "the head of the request broke off");
        const head = this.#readHead();
        if (head) return head;
      }
    } finally {
      shared.headBytes -= bytes;
    }
  }

  /** Gives back what it does not need while it waits for a request. */
  #rest(): void {
    this.#input.rest();
    if (!this.#reader) return;
    this.#reader.reset();
    if (this.#shared.readers.length < READERS_MAX) this.#shared.readers.push(this.#reader);
    else this.#reader[Symbol.dispose]();
    this.#reader = undefined;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      this.#due = this.#shared.seconds + TAKE_S_MAX;
      at += await this.#conn.write(at === 0 ? bytes : bytes.subarray(at));
    }
    this.#due = NEVER;
  }

  /** The bytes of a short answer after which the connection goes on: of nearly all. */
  #ordinaryAnswer(
    { method, version, keepsAlive }: RequestHead,
    body: RequestBody,
    { status, headers, body: content }: Reply,
  ): Ordinary | undefined {
    if (!keepsAlive || version === "1.0" || method === "HEAD" || this.#shared.isEnding) {
      return undefined;
    }
    const text = typeof content === "string" ? content : isEmpty(content) ? "" : undefined;
    if (text === undefined || !body.over || isBodiless(status)) return undefined;
    const { date, scratch } = this.#shared;
    const whole = replyHead(status, headers, { length: text.length, date }) + text;
    if (whole.length > SCRATCH_BYTES) return undefined;
    const memory = scratch.pop() ?? new Uint8Array(SCRATCH_BYTES);
    if (writeAscii(whole, memory)) return { bytes: memory.subarray(0, whole.length), memory };
    scratch.push(memory);
    return undefined;
  }

  /** Returns whether the connection goes on. */
  async #answer(head: RequestHead, body: RequestBody, reply: Reply): Promise<boolean> {
    const { body: content, status, headers } = reply;
    const inParts = typeof content === "object" && "next" in content;
    const isChunked = inParts && head.version === "1.1";
    const isLast = this.#shared.isEnding || inParts && !isChunked;
    const goesOn = head.keepsAlive && !isLast && body.canBePassed;
    const frame: ReplyFrame = {
      date: this.#shared.date,
      length: isBodiless(status) ? undefined : inParts ? isChunked ? "chunked" : undefined : 0,
      connection: !goesOn ? "close" : head.version === "1.0" ? "keep-alive" : undefined,
    };
    const isHead = head.method === "HEAD" || isBodiless(status); // nothing follows the head
    if (inParts) {
      await this.#writeParts(content, replyHead(status, headers, frame), { isHead, isChunked });
    } else await this.#write(wholeBytes(reply, content, { frame, isHead }));
    if (goesOn && (body.over || await this.#pass(body))) return true;
    // The client has asked for it, and nothing more can come.
    const isExpected = !head.keepsAlive && body.over && this.#input.there === 0;
    if (!isExpected) await this.#linger();
    return false;
  }

  async #writeParts(
    parts: Parts,
    head: string,
    { isHead, isChunked }: { readonly isHead: boolean; readonly isChunked: boolean },
  ): Promise<void> {
    this.#parts = parts;
    try {
      await this.#write(messageBytes(head));
      while (!isHead) {
        const { done, value } = await parts.next();
        if (done) break;
        if (value.length > 0) await this.#write(isChunked ? chunkBytes(value) : value);
      }
      if (isChunked && !isHead) await this.#write(LAST_CHUNK);
    } finally {
      this.#parts = undefined;
      await parts.return();
    }
  }

  /** Reads what nobody has wanted of a body, so that the next request can come. */
  async #pass(body: RequestBody): Promise<boolean> {
    this.#due = this.#shared.seconds + LINGER_S_MAX;
    try {
      return await body.pass();
    } catch (error) {
      if (error instanceof BodyFailure) return false;
      throw error;
    } finally {
      this.#due = NEVER;
    }
  }

  async #refuse({ refused, reason }: Refusal): Promise<void> {
    this.#state = "answer";
    this.#shared.onRefused({ refused, reason }, this.client);
    const frame = { date: this.#shared.date, length: 0, connection: "close" } as const;
    const reply = textReply(refused, `${reason}\n`);
    await this.#write(wholeBytes(reply, `${reason}\n`, { frame, isHead: false }));
    await this.#linger();
  }

  /** While the rest of the head is waited for, which nothing else ends. */
  async #refuseLate(): Promise<void> {
    try {
      await this.#refuse(refuse(408, `expected the head of a request within ${HEAD_S_MAX} s`));
    } catch {
      // it is gone
    }
  }

  /**
   * Ends our side, and waits for the client to end its own. Where a connection is closed while
   * something comes, the client is told that it was reset, and may lose its answer.
   */
  async #linger(): Promise<void> {
    const shared = this.#shared;
    this.#state = "end";
    const until = shared.seconds + LINGER_S_MAX;
    await this.#conn.closeWrite();
    await this.#input.drop(() => {
      const quiet = shared.isEnding ? LAST_LINGER_QUIET_S_MAX : LINGER_QUIET_S_MAX;
      this.#due = Math.min(until, shared.seconds + quiet + 1);
    });
  }
}

function isEmpty(content: Uint8Array | Parts): boolean {
  return "length" in content && content.length === 0;
}

/** The bytes of an answer that is written at once. @param traits.frame.length absent: it has no body */
function wholeBytes(
  { status, headers }: Omit<Reply, "body">,
  content: string | Uint8Array,
  { frame, isHead }: { readonly frame: ReplyFrame; readonly isHead: boolean },
): Uint8Array {
  if (frame.length === undefined) return messageBytes(replyHead(status, headers, frame));
  const head = replyHead(status, headers, { ...frame, length: content.length });
  if (typeof content !== "string") return messageBytes(head, isHead ? undefined : content);
  const ascii = asciiBytes(head + content);
  if (!ascii) return wholeBytes({ status, headers }, encoder.encode(content), { frame, isHead });
  return isHead ? ascii.subarray(0, head.length) : ascii;
}

const encoder = new TextEncoder();
