/**
 * Finds the request that two servers do not agree about in the bytes of a connection, and reads its
 * head leniently: for those who say why they do not. Knows nothing of what is right.
 *
 * @module
 */

/** A head, read line by line, whatever ends them. */
export interface RequestText {
  /** The empty lines before it. */
  readonly before: string;
  /** Its head with all line ends, as far as it goes. */
  readonly head: string;
  /** Without its line end. */
  readonly line: string;
  /** Names in lower case, with blanks where there are; a line without a colon is a name. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Whether the head has an end. */
  readonly whole: boolean;
  /** What follows the head: its body, and other requests. */
  readonly after: string;
}

/** What both servers have said of a request that they agree about. */
export interface Agreed {
  /** Of its body; absent where nothing was said. */
  readonly length?: number;
}

/** The request behind those that are agreed about, whatever is left, and the one before it. */
export function requestBehind(
  sent: string,
  agreed: readonly Agreed[],
): { request: RequestText; previous?: RequestText } {
  let rest = sent;
  let previous: RequestText | undefined;
  for (const { length } of agreed) {
    previous = readRequest(rest);
    rest = previous.after.slice(bodyEnd(previous, length));
  }
  return { request: readRequest(rest), ...(previous && { previous }) };
}

/** Reads a request, and takes what follows it for its body. */
export function readRequest(text: string): RequestText {
  const before = /^[\r\n]*/.exec(text)?.[0] ?? "";
  const rest = text.slice(before.length);
  const end = /\r?\n\r?\n/.exec(rest);
  const headEnd = end ? end.index + end[0].length : rest.length;
  const head = rest.slice(0, headEnd);
  const [line, ...lines] = head.split("\n").map((text) => text.replace(/\r$/, ""));
  const fields = lines.filter((line) => line !== "").map((line) => {
    const colon = line.indexOf(":");
    if (colon < 0) return [line.toLowerCase(), ""] as const;
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1)] as const;
  });
  return { before, head, line, fields, whole: end !== null, after: rest.slice(headEnd) };
}

/** Values of a field, without the blanks around them. */
export function valuesOf({ fields }: RequestText, name: string): string[] {
  return fields.filter(([found]) => found === name).map(([, value]) => value.trim());
}

/** Whether the body is in chunks, where a server goes by its framing fields at all. */
export function isChunked(request: RequestText): boolean {
  const chunked = valuesOf(request, "transfer-encoding").some((value) => /chunked/i.test(value));
  return chunked && !/HTTP\/1\.0$/.test(request.line);
}

/** Where the body ends in what follows the head. */
function bodyEnd(request: RequestText, length: number | undefined): number {
  if (isChunked(request)) return chunksEnd(request.after);
  return length ?? Number(valuesOf(request, "content-length")[0] ?? 0);
}

function chunksEnd(text: string): number {
  for (let at = 0;;) {
    const lineEnd = text.indexOf("\n", at);
    const [digits] = /^[ \t]*[0-9a-f]+/i.exec(text.slice(at, lineEnd)) ?? [];
    if (lineEnd < 0 || digits === undefined) return text.length;
    const length = parseInt(digits, 16);
    if (length === 0) return trailersEnd(text, lineEnd + 1);
    at = text.indexOf("\n", lineEnd + 1 + length) + 1;
    if (at === 0) return text.length;
  }
}

function trailersEnd(text: string, start: number): number {
  for (let at = start;;) {
    const lineEnd = text.indexOf("\n", at);
    if (lineEnd < 0) return text.length;
    if (/^\r?$/.test(text.slice(at, lineEnd))) return lineEnd + 1;
    at = lineEnd + 1;
  }
}
