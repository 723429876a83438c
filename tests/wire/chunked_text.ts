/** Reads a chunked body as RFC 9112, section 7.1, has it, to say where one departs from that. @module */

/** What is wrong first: in a line of a chunk, or in the trailers. Absent: nothing. */
export type ChunkedFault = "chunk" | "trailers" | "cut off";

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = String.raw`"(?:[\t\x20-\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"`;
/** Without blanks around an extension, which are there for bad clients of old. */
const CHUNK = new RegExp(`^(0*)([0-9a-f]{1,15})(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*$`, "i");
/** RFC 9110, 6.5.1: no trailer may say how the message is framed. */
const FRAMING = /^(?:content-length|transfer-encoding)[ \t]*:/i;
const FIELD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;

/** What a body of that kind has that is of interest. */
export interface ChunkedText {
  readonly fault?: ChunkedFault;
  /** The longest line of a chunk. */
  readonly lineLength: number;
  /** The most zeros before a length. */
  readonly zeros: number;
  /** Of all lines of the trailers. */
  readonly trailersLength: number;
}

/** Reads up to its end or its first fault. */
export function readChunked(text: string): ChunkedText {
  let [lineLength, zeros] = [0, 0];
  for (let at = 0;;) {
    const line = lineAt(text, at);
    if (line === undefined) return { fault: "cut off", lineLength, zeros, trailersLength: 0 };
    lineLength = Math.max(lineLength, line.length);
    const [, leading, digits] = CHUNK.exec(line.replace(/\r\n$/, "")) ?? [];
    if (digits === undefined) return { fault: "chunk", lineLength, zeros, trailersLength: 0 };
    zeros = Math.max(zeros, leading.length);
    at += line.length;
    const length = parseInt(digits, 16);
    if (length === 0) return { ...readTrailers(text, at), lineLength, zeros };
    const end = text.slice(at + length, at + length + 2);
    if (!"\r\n".startsWith(end)) return { fault: "chunk", lineLength, zeros, trailersLength: 0 };
    at += length + 2;
  }
}

function readTrailers(text: string, start: number): Omit<ChunkedText, "lineLength" | "zeros"> {
  for (let at = start;;) {
    const line = lineAt(text, at);
    const trailersLength = (line === undefined ? text.length : at) - start;
    if (line === undefined) return { fault: "cut off", trailersLength };
    if (line === "\r\n") return { trailersLength };
    if (!FIELD.test(line.replace(/\r\n$/, "")) || FRAMING.test(line)) {
      return { fault: "trailers", trailersLength };
    }
    at += line.length;
  }
}

/** With its end, whatever that is; absent where there is none. */
function lineAt(text: string, at: number): string | undefined {
  const end = text.indexOf("\n", at);
  return end < 0 ? undefined : text.slice(at, end + 1);
}
