/** Reads requests from bytes that arrive in pieces. Pure: it has no connection and no clock. @module */

import { Buffer } from "node:buffer";
import { withoutBlanks } from "./headers.ts";
import { openParser, type ParseError } from "./llhttp.ts";
import type { Recall } from "./recall.ts";
import { type Refusal, refuse, type RequestHead, understand } from "./request_head.ts";

/** The longest head, including the empty lines before it. Go's server has the same limit. */
export const HEAD_BYTES_MAX = 1_048_576 + 4_096;
/**
 * The most bytes of framing in a chunked body (extensions and trailers, which are ignored), beyond 16 bytes
 * and twice the data of each chunk. As in Go's server.
 */
export const FRAMING_BYTES_MAX = 16_384;
const FRAMING_BYTES = 16;
const FRAMING_OF_DATA = 2;

/** The memory of an offset: short fields take twelve times their length. */
const NUMBER_BYTES = 8;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const ASCII_MAX = 0x7f;
const MASK = 0x78;
/** What may be a method, or the beginning of one. */
const METHOD = /(?:^|\n)[!#$%&'*+.^_`|~\w-]+ ?$/;
const EMPTY_LINES = /^(?:\r\n)*$/;
const OTHER_VERSION = / HTTP\/(?!1\.[01])\d\.\d$/;

/** Reads requests one after the other, until one of them is refused. Disposal frees its parser. */
export interface RequestReader extends Disposable {
  /** How many of the last bytes were taken. */
  readonly taken: number;
  /** The approximate memory in bytes of an incomplete head. */
  readonly headBytes: number;
  /** Takes the next bytes of a head. Returns `undefined` if more are needed. */
  readHead(bytes: Buffer): RequestHead | Refusal | undefined;
  /**
   * Takes the next bytes of a body in chunks.
   *
   * @param onData takes the parts of the body in these bytes, as views of them
   * @returns whether the body has ended
   */
  readChunks(bytes: Buffer, onData: (data: Uint8Array) => void): boolean | Refusal;
  /** Resets it to the start of a request. */
  reset(): void;
}

/**
 * Creates a reader at the start of a request.
 *
 * @param recall remembers the heads that are read in one piece
 */
export function createRequestReader(recall?: Recall): RequestReader {
  let taken = 0;
  /** The head so far, with one character for each byte. */
  let text = "";
  /** Start and end in the text of each name and each value, in turn. */
  let spans: number[] = [];
  let [targetStart, targetEnd] = [-1, -1];
  let last: "name" | "value" = "value";
  /** Whether the parser has seen any byte of a request, and whether it has seen the whole head. */
  let [isBegun, isOver] = [false, false];
  /** The offset in the text of the bytes that are executed. */
  let base = 0;
  /** Whether bytes beyond ASCII are hidden from the parser, which refuses them: up to the end of the line. */
  let isMasking = false;
  /** For a chunked body: the bytes of framing, and whether there were any since the last data. */
  let framing = 0;
  let isFraming = false;
  /** Where the last data ended in the bytes that are executed. */
  let dataEnd = 0;
  let takeData = (_start: number, _end: number) => {};

  function note(kind: "name" | "value", start: number, end: number): void {
    if (isOver) return; // a trailer
    if (last === kind) spans[spans.length - 1] = base + end;
    else spans.push(base + start, base + end);
    last = kind;
  }

  /** Counts the bytes since the last data, up to there, as framing. */
  function frame(end: number): void {
    framing += end - dataEnd;
    isFraming ||= end > dataEnd;
    dataEnd = end;
  }

  const parser = openParser("request", {
    onTarget(start, end) {
      if (targetStart < 0) targetStart = base + start;
      targetEnd = base + end;
    },
    onFieldName: (start, end) => note("name", start, end),
    onFieldValue: (start, end) => note("value", start, end),
    onHead() {
      return isOver = true;
    },
    onBody(start, end) {
      frame(start);
      if (framing > FRAMING_BYTES_MAX) return; // it stays over the limit
      const free = (isFraming ? FRAMING_BYTES : 0) + FRAMING_OF_DATA * (end - start);
      framing = Math.max(0, framing - free);
      isFraming = false;
      dataEnd = end;
      takeData(start, end);
    },
  });

  function reset(): void {
    if (!isBegun) return;
    isBegun = false;
    parser.reset();
    text = "";
    spans = [];
    targetStart = -1;
    last = "value";
    isOver = false;
    base = 0;
    isMasking = false;
    framing = 0;
    isFraming = false;
  }

  /** Reads the head again, without the bytes of its request line that the parser does not accept. */
  function mask(bytes: Buffer): ReturnType<typeof parser.execute> {
    const whole = Buffer.from(text + bytes.toString("latin1"), "latin1");
    const before = text;
    reset();
    isBegun = true;
    const line = whole.findIndex((byte) => byte !== CARRIAGE_RETURN && byte !== LINE_FEED);
    const stop = parser.execute(masked(whole, line));
    [text, base] = [before, before.length];
    taken = parser.taken - base;
    return stop;
  }

  /** Returns a copy for the parser of bytes in which a request line begins or continues. */
  function masked(bytes: Buffer, line = 0): Buffer {
    const copy = Buffer.from(bytes);
    let i = line;
    for (; i < copy.length && copy[i] !== LINE_FEED; i++) if (copy[i] > ASCII_MAX) copy[i] = MASK;
    isMasking = i === copy.length;
    return copy;
  }

  function readHead(bytes: Buffer): RequestHead | Refusal | undefined {
    if (isOver) reset();
    isBegun = true;
    base = text.length;
    let stop = parser.execute(isMasking ? masked(bytes) : bytes);
    taken = parser.taken;
    if (typeof stop === "object" && !isMasking && bytes[taken] > ASCII_MAX) {
      if (stop.name === "HPE_INVALID_URL") stop = mask(bytes);
    }
    text += bytes.toString("latin1", 0, taken);
    if (text.length > HEAD_BYTES_MAX) {
      return refuse(431, `expected a head of at most ${HEAD_BYTES_MAX} bytes, found more`);
    }
    if (typeof stop === "object") return refusalOf(stop, text, bytes[taken]);
    if (!isOver) return undefined;
    const head = understandText();
    if (base === 0 && !("refused" in head)) recall?.keep(head, text);
    return head;
  }

  function understandText(): RequestHead | Refusal {
    const { method, major, minor, keepsAlive } = parser;
    const headers: string[] = [];
    for (let i = 0; i < spans.length; i += 4) {
      headers.push(
        text.slice(spans[i], spans[i + 1]).toLowerCase(),
        withoutBlanks(text.slice(spans[i + 2], spans[i + 3])),
      );
    }
    // The parser accepts more than one space before the target, and any line ends before the method.
    const before = text.slice(0, targetStart - 1);
    if (!before.endsWith(method)) return refuse(400, "expected one space behind the method");
    if (!EMPTY_LINES.test(before.slice(0, -method.length))) {
      return refuse(400, "expected nothing but empty lines before the request line");
    }
    // It also accepts more spaces after the target, and a missing version.
    if (!text.startsWith(" HTTP/", targetEnd)) {
      return refuse(400, "expected one space and an HTTP version behind the target");
    }
    const target = text.slice(targetStart, targetEnd);
    return understand({ method, target, headers, major, minor, keepsAlive });
  }

  return {
    get taken() {
      return taken;
    },
    get headBytes() {
      return isOver ? 0 : text.length + NUMBER_BYTES * spans.length;
    },
    readHead,
    readChunks(bytes, onData) {
      dataEnd = 0;
      takeData = (start, end) => onData(bytes.subarray(start, end));
      const stop = parser.execute(bytes);
      taken = parser.taken;
      frame(taken);
      if (framing > FRAMING_BYTES_MAX) {
        return refuse(400, `expected less than ${FRAMING_BYTES_MAX} bytes of what frames the body`);
      }
      return typeof stop === "object"
        ? refuse(400, `the body is not chunked as it should be: ${stop.reason}`)
        : stop === "message";
    },
    reset,
    [Symbol.dispose]: () => parser.release(),
  };
}

/**
 * Returns the refusal for an error of the parser.
 *
 * @param before the head up to the error
 * @param found the byte there
 */
function refusalOf({ name, reason }: ParseError, before: string, found: number): Refusal {
  const where = `byte ${before.length + 1} of the request`;
  switch (name) {
    case "HPE_INVALID_METHOD":
      if (!METHOD.test(before + String.fromCharCode(found))) break;
      return refuse(501, `expected a method of HTTP, found another one at ${where}`);
    case "HPE_INVALID_CONSTANT":
      // The parser knows methods of RTSP, and notices only at the end of the line that this is HTTP.
      if (!reason.startsWith("Invalid method")) break;
      return refuse(501, "expected a method of HTTP, found one of RTSP");
    case "HPE_INVALID_VERSION":
      if (!OTHER_VERSION.test(before)) break;
      return refuse(505, "expected HTTP/1.1 or HTTP/1.0, found another version");
    case "HPE_PAUSED_H2_UPGRADE":
      return refuse(505, "expected HTTP/1.1 or HTTP/1.0, found HTTP/2");
  }
  return refuse(400, `expected an HTTP/1.1 request, found at ${where}: ${reason}`);
}
