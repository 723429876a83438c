/** Requests as they are handled, and their replies. @module */

import type { RequestHead } from "../wire/request_head.ts";

/** A request of a client. */
export interface IncomingRequest
  extends Pick<RequestHead, "method" | "target" | "version" | "headers" | "expectsContinue"> {
  /** The address of the client. */
  readonly client: string;
  /** The user whose password was checked here. The credentials are then not sent on. */
  readonly user?: string;
  readonly body: IncomingBody;
}

/** The body of a request, which may still be on its way. */
export interface IncomingBody {
  /** Its length in bytes. Absent if it arrives in chunks. */
  readonly length: number | undefined;
  /** Whether the whole body has arrived, so that nothing has to be awaited. */
  readonly isThere: boolean;
  /**
   * Reads the next bytes. Bytes that have arrived are returned at once. A client that waits for
   * `100 Continue` is told to send.
   *
   * @param into a buffer for at least one byte
   * @returns how many bytes were read; 0 at the end
   * @throws {BodyFailure} if the body breaks off, or once the request has been answered
   */
  read(into: Uint8Array): number | Promise<number>;
}

/** A body breaks off before its end. */
export class BodyFailure extends Error {
  override readonly name = "BodyFailure";
}

/** The parts of a body, one after the other. Each is valid until the next is requested. */
export type Parts = Required<Pick<AsyncIterator<Uint8Array, void>, "next" | "return">>;

/** The answer to a client. */
export class Reply {
  readonly status: number;
  /** Parts are created as the client takes them, and `return` ends them in any case. */
  readonly body: string | Uint8Array | Parts;
  /** Names in lower case and values in turn, without headers that frame the body. */
  readonly headers: readonly string[];

  constructor(status: number, body: Reply["body"] = "", headers: readonly string[] = []) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** A reply that answers many requests as the same object, so that its bytes are made only once. */
export class RecurringReply extends Reply {}

/** The body of a redirect, for clients that do not follow it. */
const NOT_PUSHED = "not pushed yet: send it again to the Location of this answer; " +
  "for clients that do not, set mode: auto in the configuration of dynamic-sharding\n";

/**
 * A redirect of a push. Those with the same base differ only in their paths, so that the bytes before and
 * after the path are made only once.
 */
export class Redirect extends Reply {
  /** The beginning of the location. */
  readonly base: string;
  /** The rest of the location. */
  readonly path: string;

  constructor(base: string, path: string) {
    super(307, NOT_PUSHED, ["content-type", PLAIN_TEXT, "location", base + path]);
    this.base = base;
    this.path = path;
  }
}

/** Answers a request, and never throws. */
export type Handler = (request: IncomingRequest) => Reply | Promise<Reply>;

/**
 * Creates the answer to a request that is refused before it is handled.
 *
 * @param text without the line end
 */
export type Refuse = (
  request: IncomingRequest,
  status: 401 | 403 | 429,
  text: string,
  headers?: readonly string[],
) => Reply;

/** The content type of plain text. */
export const PLAIN_TEXT = "text/plain;charset=UTF-8";

/** Creates a reply of plain text. */
export function textReply(status: number, text: string, headers: readonly string[] = []): Reply {
  return new Reply(status, text, ["content-type", PLAIN_TEXT, ...headers]);
}

/** Creates a reply of JSON. */
export function jsonReply(status: number, value: unknown, headers: readonly string[] = []): Reply {
  return new Reply(status, JSON.stringify(value), ["content-type", "application/json", ...headers]);
}

/** Whether a request has a body. */
export function hasBody({ body }: IncomingRequest): boolean {
  return body.length !== 0;
}
