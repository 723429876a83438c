/** Reads the answers of one connection from its bytes, strictly. Knows nothing of connections. @module */

import { type Echo, parseEcho } from "./echo.ts";

/** A final answer; interim ones, as `100 Continue`, are left out. */
export interface Answer {
  readonly status: number;
  /** What the server has understood, where it says so and the answer has a body. */
  readonly echo?: Echo;
}

const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: .*)?$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

/** All that a server has sent before it closed. */
export interface Answers {
  readonly answers: readonly Answer[];
  /** Why what follows those is no answer, where something does. */
  readonly fault?: string;
}

/**
 * Reads all that a server has sent, one character for each byte. The body of a refusal may break off,
 * for a server that closes has no more to say.
 */
export function readAnswers(text: string): Answers {
  const answers: Answer[] = [];
  try {
    for (let at = 0; at < text.length;) at = readAnswer(text, at, answers);
    return { answers };
  } catch (error) {
    return { answers, fault: (error as Error).message };
  }
}

/** Adds the answer that begins there, unless it is an interim one. @returns where the next begins */
function readAnswer(text: string, start: number, answers: Answer[]): number {
  const end = text.indexOf("\r\n\r\n", start);
  if (end < 0) throw new Error(`expected a whole head, found ${show(text.slice(start))}`);
  const { status, fields } = parseHead(text.slice(start, end));
  const at = end + 4;
  if (status < 200) return at;
  const { body, next } = readBody(text, { at, status, fields });
  if (body === undefined && status < 400) {
    throw new Error(`expected a whole body, found ${show(text.slice(at))}`);
  }
  const echo = status === 200 ? parseEcho(body ?? "") : undefined;
  answers.push({ status, ...(echo && { echo }) });
  return next;
}

function parseHead(head: string): { status: number; fields: Map<string, string> } {
  const [line, ...lines] = head.split("\r\n");
  const status = Number(STATUS_LINE.exec(line)?.[1]);
  if (Number.isNaN(status)) throw new Error(`expected a status line, found ${show(line)}`);
  const fields = new Map<string, string>();
  for (const field of lines) {
    const [, name, value] = FIELD.exec(field) ?? [];
    if (name === undefined) throw new Error(`expected a header field, found ${show(field)}`);
    const key = name.toLowerCase();
    if (fields.has(key) && /^(content-length|transfer-encoding)$/.test(key)) {
      throw new Error(`expected one ${key}, found several`);
    }
    fields.set(key, value);
  }
  return { status, fields };
}

/** The body, absent where it breaks off, and where the next answer begins. */
function readBody(
  text: string,
  { at, status, fields }: { at: number; status: number; fields: ReadonlyMap<string, string> },
): { body?: string; next: number } {
  const bodiless = status === 204 || status === 304 || fields.get("echo-method") === "HEAD";
  if (bodiless) return { body: "", next: at };
  const coding = fields.get("transfer-encoding");
  if (coding === "chunked") return readChunks(text, at);
  if (coding !== undefined) throw new Error(`expected chunked, found ${show(coding)}`);
  const length = fields.get("content-length");
  if (length === undefined) return { body: text.slice(at), next: text.length }; // up to the close
  if (!/^\d+$/.test(length)) throw new Error(`expected a length, found ${show(length)}`);
  const next = at + Number(length);
  return next > text.length ? { next: text.length } : { body: text.slice(at, next), next };
}

function readChunks(text: string, start: number): { body?: string; next: number } {
  let body = "";
  for (let at = start;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return { next: text.length };
    const digits = text.slice(at, lineEnd);
    if (!/^[0-9a-f]{1,8}$/i.test(digits)) {
      throw new Error(`expected a chunk, found ${show(digits)}`);
    }
    const length = parseInt(digits, 16);
    const end = lineEnd + 2 + length;
    if (end + 2 > text.length) return { next: text.length };
    if (text.slice(end, end + 2) !== "\r\n") throw new Error("expected the end of a chunk");
    body += text.slice(lineEnd + 2, end);
    at = end + 2;
    if (length === 0) return { body, next: at };
  }
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
