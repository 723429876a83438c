/**
 * One connection of a client. It reads one request after the other, and answers each before it reads the
 * next. It closes in such a way that the client gets its last answer.
 *
 * @module
 */

import type { KnownFields, Recall } from "../../wire/recall.ts";
import {
  chunkBytes,
  isBodiless,
  LAST_CHUNK,
  messageBytes,
  replyHead,
} from "../../wire/message_bytes.ts";
import { type Refusal, refuse, type RequestHead } from "../../wire/request_head.ts";
import type { RequestReader } from "../../wire/request_reader.ts";
import { BodyFailure, type Handler, type Parts, PLAIN_TEXT, Reply } from "../message.ts";
import { bytesOf } from "./answer_bytes.ts";
import { Input, type InputMemory } from "./input.ts";
import { type BodySource, RequestBody } from "./request_body.ts";
import type { ShortAnswer, ShortAnswers } from "./short_answers.ts";
import type { Socket } from "./socket.ts";

/** Seconds for a head to arrive, from its first byte on. */
const HEAD_S_MAX = 10;
/** Seconds that a client may take between two requests, or before the first. */
const IDLE_S_MAX = 180;
/** Seconds in which a client has to take a part of its answer. */
const TAKE_S_MAX = 60;
/** Seconds to wait for a client to end its side, and to wait for its next bytes before that. */
const LINGER_S_MAX = 30;
const LINGER_QUIET_S_MAX = 5;
/**
 * The same as the latter while the server ends: clients that still send are then served by other processes.
 */
const LAST_LINGER_QUIET_S_MAX = 1;
/** The most memory for the incomplete heads of all connections. */
const HEADS_BYTES_MAX = 67_108_864;
const READERS_MAX = 32;

const CONTINUE = messageBytes("HTTP/1.1 100 Continue\r\n\r\n");
const NEVER = Infinity;

/** What all connections of one server share. */
export interface Shared {
  readonly handler: Handler;
  /** Called with input that is not a request. */
  readonly onRefused: (refusal: Refusal, client: string) => void;
  /** Called when a connection breaks off, or by an internal error. */
  readonly onFailed: (error: unknown, client: string) => void;
  /** Called when a connection has ended. */
  readonly onEnded: (connection: ServedConnection) => void;
  /** A clock that counts seconds. */
  seconds: number;
  /** The current time, in the format of RFC 9110, 5.6.7. */
  date: string;
  /** Whether the next answer of each connection is its last. */
  isEnding: boolean;
  /** Bytes of incomplete heads. */
  headBytes: number;
  readonly recall: Recall;
  readonly openReader: () => RequestReader;
  /** Readers that are not in use. */
  readonly readers: RequestReader[];
  readonly memory: InputMemory;
  readonly shortAnswers: ShortAnswers;
}

/** A connection that is served, as the server sees it. */
export interface ServedConnection {
  /** The client's address. */
  readonly client: string;
  /** Whether it has brought no request since the last check. */
  isIdle: boolean;
  /** Whether there is no complete request that still has to be answered. */
  readonly awaitsRequest: boolean;
  /** Serves the client until the connection is closed by either side. Never throws. */
  run(): Promise<void>;
  /** Checks whether its time is up. Called once a second. */
  tick(): void;
  /** Closes it at once. */
  close(): void;
}

/** A connection for plain HTTP, or what is in a secured one. */
export class Connection implements ServedConnection {
  isIdle = false;
  readonly client: string;
  /** What it waits for, or does. */
  #state: "request" | "head" | "answer" | "end" = "request";
  readonly #conn: Socket;
  readonly #shared: Shared;
  readonly #handler: Handler;
  readonly #input: Input;
  readonly #source: BodySource;
  #reader: RequestReader | undefined;
  /** The fields of the last head that was recognized, which the next one probably has, too. */
  #fields: KnownFields | undefined;
  /** The refusal of a head that took too long, in progress. */
  #refusing: Promise<void> | undefined;
  /** The parts of the current answer. */
  #parts: Parts | undefined;
  /** The second in which its time is up. */
  #due: number;

  /** @param handler used instead of the server's */
  constructor(conn: Socket, shared: Shared, handler: Handler = shared.handler) {
    this.#conn = conn;
    this.#shared = shared;
    this.#handler = handler;
    this.client = conn.remoteAddr.hostname;
    this.#input = new Input(conn, shared.memory);
    this.#source = {
      input: this.#input,
      reader: () => this.#reader,
      ask: () => this.#write(CONTINUE),
    };
    this.#due = shared.seconds + IDLE_S_MAX;
  }

  get awaitsRequest(): boolean {
    return this.#state === "request" || this.#state === "head";
  }

  async run(): Promise<void> {
    const input = this.#input;
    try {
      try {
        this.#conn.setNoDelay();
        this.#conn.setKeepAlive();
        for (;;) {
          // Each further `await` in the path of a push costs time (bench/README.md).
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
          const { method, target, version, headers, expectsContinue } = head;
          const { client } = this;
          const request = { method, target, version, headers, expectsContinue, client, body };
          const answering = this.#handler(request);
          const reply = answering instanceof Reply ? answering : await answering;
          body.close();
          const short = this.#shortAnswer(head, body, reply);
          if (short === undefined) {
            if (!await this.#answer(head, body, reply)) return;
          } else {
            const { bytes } = short;
            this.#due = this.#shared.seconds + TAKE_S_MAX;
            const length = await this.#conn.write(bytes);
            if (length < bytes.length) await this.#write(bytes.subarray(length));
            this.#shared.shortAnswers.free(short);
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
    } catch (error) {
      this.#shared.onFailed(error, this.client);
    } finally {
      this.#shared.onEnded(this);
    }
  }

  tick(): void {
    this.#fields = undefined; // a connection that does nothing should not keep them
    if (this.#due > this.#shared.seconds) return;
    this.#due = NEVER;
    if (this.#state !== "head") this.close();
    else this.#refusing = this.#refuseLate();
  }

  close(): void {
    void this.#parts?.return(); // closing a connection does not end a write in all versions of Deno
    try {
      this.#conn.close();
    } catch {
      // It is closed already.
    }
  }

  /** Returns a complete head whose fields were read before. */
  #knownHead(): RequestHead | undefined {
    const { recall } = this.#shared;
    const { buffer, from, to } = this.#input;
    const head = recall.head(buffer, from, to, this.#fields);
    if (!head) return undefined;
    this.#fields = recall.fields;
    this.#input.pass(recall.taken);
    return head;
  }

  /** Reads a head from the bytes that have arrived. Returns `undefined` if more are needed. */
  #readHead(): RequestHead | Refusal | undefined {
    const reader = this.#reader ??= this.#shared.readers.pop() ?? this.#shared.openReader();
    const head = reader.readHead(this.#input.unread());
    this.#input.pass(reader.taken);
    return head;
  }

  /** Reads the rest of a head. Returns `undefined` if that took too long and the head was refused. */
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
          return refuse(503, "the heads of other requests take all memory for heads");
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

  /** Returns the short answer, if it is one and the connection is kept afterwards, as is usual. */
  #shortAnswer(
    { method, version, keepsAlive }: RequestHead,
    body: RequestBody,
    reply: Reply,
  ): ShortAnswer | undefined {
    const { isEnding, shortAnswers, date } = this.#shared;
    const goesOn = keepsAlive && version === "1.1" && body.over && !isEnding;
    return goesOn && method !== "HEAD" ? shortAnswers.bytesOf(reply, date) : undefined;
  }

  /** Answers a request. Returns whether the connection is kept. */
  async #answer(head: RequestHead, body: RequestBody, reply: Reply): Promise<boolean> {
    const { body: content, status, headers } = reply;
    const { date, isEnding } = this.#shared;
    const isOld = head.version === "1.0";
    const inParts = typeof content === "object" && "next" in content;
    const endsByClose = inParts && isOld;
    const goesOn = head.keepsAlive && !isEnding && !endsByClose && body.canBePassed;
    const connection = !goesOn ? "close" : isOld ? "keep-alive" : undefined;
    const frame = { date, connection } as const;
    const isHead = head.method === "HEAD";
    if (inParts) {
      const isBare = isHead || isBodiless(status); // only the head is sent
      const length = isOld || isBodiless(status) ? undefined : "chunked" as const;
      const bytes = messageBytes(replyHead(status, headers, { ...frame, length }));
      await this.#writeParts(content, bytes, { isBare, isChunked: !isOld });
    } else await this.#write(bytesOf(reply, content, { frame, isHead }));
    if (goesOn && (body.over || await this.#pass(body))) return true;
    // The client expects the connection to close, and nothing more can arrive.
    const isExpected = !head.keepsAlive && body.over && this.#input.there === 0;
    if (!isExpected) await this.#linger();
    return false;
  }

  async #writeParts(
    parts: Parts,
    head: Uint8Array,
    { isBare, isChunked }: { readonly isBare: boolean; readonly isChunked: boolean },
  ): Promise<void> {
    this.#parts = parts;
    try {
      await this.#write(head);
      if (isBare) return;
      for (;;) {
        const { done, value } = await parts.next();
        if (done) break;
        if (value.length > 0) await this.#write(isChunked ? chunkBytes(value) : value);
      }
      if (isChunked) await this.#write(LAST_CHUNK);
    } finally {
      this.#parts = undefined;
      await parts.return();
    }
  }

  /** Reads the unread rest of a body, so that the next request can arrive. */
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
    const frame = { date: this.#shared.date, connection: "close" } as const;
    const reply = { status: refused, headers: ["content-type", PLAIN_TEXT] };
    await this.#write(bytesOf(reply, `${reason}\n`, { frame, isHead: false }));
    await this.#linger();
  }

  /** Runs while the rest of the head is awaited, which nothing else ends. */
  async #refuseLate(): Promise<void> {
    try {
      await this.#refuse(refuse(408, `expected the head of a request within ${HEAD_S_MAX} s`));
    } catch {
      // The client is gone.
    }
  }

  /**
   * Ends our side, and waits for the client to end its own. If a connection is closed while bytes arrive, the
   * client gets a reset and may lose its answer.
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
