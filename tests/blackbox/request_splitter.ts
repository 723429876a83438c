/** Finds where requests begin in the bytes that a client sends. Knows nothing of connections. @module */

/** What the head of a request says. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** The value of its `Content-Type`, where it has one. */
  readonly contentType?: string;
}

/** Bytes to be passed on. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** The bytes are the whole head of this request; absent: they are of a body. */
  readonly begins?: RequestHead;
}

/** Splits the bytes of one connection. */
export interface RequestSplitter {
  /**
   * Takes the next bytes. A head is kept back until it is whole.
   *
   * @returns the bytes that can go on, in their order
   * @throws where a head is no HTTP/1.1, too large, or announces a body without a length
   */
  take(chunk: Uint8Array): Piece[];
}

const HEAD_BYTES_MAX = 65_536;
const HEAD_END = "\r\n\r\n";

/** Makes a splitter that expects a request to begin. */
export function createRequestSplitter(): RequestSplitter {
  let head = new Uint8Array(0);
  let bodyBytes = 0;
  return {
    take(chunk) {
      const pieces: Piece[] = [];
      let rest = chunk;
      while (rest.length > 0) {
        if (bodyBytes > 0) {
          const bytes = rest.subarray(0, bodyBytes);
          pieces.push({ bytes });
          bodyBytes -= bytes.length;
          rest = rest.subarray(bytes.length);
          continue;
        }
        head = concat(head, rest);
        const text = decoder.decode(head);
        const end = text.indexOf(HEAD_END);
        if (end < 0 && head.length <= HEAD_BYTES_MAX) break;
        if (end < 0) throw new RangeError(`expected a head of at most ${HEAD_BYTES_MAX} bytes`);
        const bytes = head.subarray(0, end + HEAD_END.length);
        pieces.push({ bytes, begins: parseHead(text.slice(0, end)) });
        bodyBytes = parseLength(text.slice(0, end));
        rest = head.subarray(bytes.length);
        head = new Uint8Array(0);
      }
      return pieces;
    },
  };
}

/** A byte is a character: positions in the text are positions in the bytes. */
const decoder = new TextDecoder("latin1");

function parseHead(head: string): RequestHead {
  const [, method, target] = /^([A-Z]+) (\S+) HTTP\/1\.[01](?=\r\n|$)/.exec(head) ?? [];
  if (method === undefined) {
    throw new TypeError(`expected a request, found ${JSON.stringify(head.slice(0, 80))}`);
  }
  const contentType = headerOf(head, "content-type");
  return { method, target, ...(contentType !== undefined && { contentType }) };
}

function parseLength(head: string): number {
  if (headerOf(head, "transfer-encoding") !== undefined) {
    throw new TypeError("expected a body with a length, found a transfer encoding");
  }
  return Number(headerOf(head, "content-length") ?? 0);
}

function headerOf(head: string, lowerCaseName: string): string | undefined {
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    if (line.slice(0, colon).toLowerCase() === lowerCaseName) return line.slice(colon + 1).trim();
  }
  return undefined;
}

function concat(one: Uint8Array, other: Uint8Array) {
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}
