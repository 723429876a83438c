/** Requests as they are handled, and what they are answered. @module */

import type { RequestHead } from "../wire/request_head.ts";

/** A request of a client. */
export interface IncomingRequest
  extends Pick<RequestHead, "method" | "target" | "headers" | "expectsContinue"> {
  /** The address that it came from. */
  readonly client: string;
  /** The user whose password was checked here; the credentials are for nobody else. */
  readonly user?: string;
  readonly body: IncomingBody;
}

/** The body of a request, which may still be on its way. */
export interface IncomingBody {
  /** Its bytes in total; absent where it comes in chunks. */
  readonly length: number | undefined;
  /** All of it has come: nothing has to be waited for. */
  readonly isThere: boolean;
  /**
   * Reads the next bytes; what is there already is returned at once. A client that waits for it is told
   * to send.
   *
   * @param into has room for at least one byte
   * @returns how many bytes were read; 0 at the end
   * @throws {BodyFailure} where it breaks off, or once the request has been answered
   */
  read(into: Uint8Array): number | Promise<number>;
}

/** A body that does not come to its end. */
export class BodyFailure extends Error {
  override readonly name = "BodyFailure";
}

/** The parts of a body, one after the other. Each is good until the next is asked for. */
export type Parts = Required<Pick<AsyncIterator<Uint8Array, void>, "next" | "return">>;

/** What a client is answered. */
export class Reply {
  readonly status: number;
  /** Parts are made as the client takes them. Whatever happens, `return` ends them. */
  readonly body: string | Uint8Array | Parts;
  /** Names in lower case and values in turn; none that frames the body. */
  readonly headers: readonly string[];

  constructor(status: number, body: Reply["body"] = "", headers: readonly string[] = []) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** Answers a request, and never throws. */
export type Handler = (request: IncomingRequest) => Reply | Promise<Reply>;

/**
 * Makes the answer of a request that is refused before it is looked at.
 *
 * @param text without the end of its line
 */
export type Refuse = (
  request: IncomingRequest,
  status: 401 | 403 | 429,
  text: string,
  headers?: readonly string[],
) => Reply;

/** The content type of plain text. */
export const PLAIN_TEXT = "text/plain;charset=UTF-8";

/** A reply of plain text. */
export function textReply(status: number, text: string, headers: readonly string[] = []): Reply {
  return new Reply(status, text, ["content-type", PLAIN_TEXT, ...headers]);
}

/** A reply of JSON. */
export function jsonReply(status: number, value: unknown, headers: readonly string[] = []): Reply {
  return new Reply(status, JSON.stringify(value), ["content-type", "application/json", ...headers]);
}

/** Whether a request says that a body belongs to it. */
export function hasBody({ body }: IncomingRequest): boolean {
  return body.length !== 0;
}
