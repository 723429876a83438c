/** Reads the body of a push, within limits. @module */

import { Buffer } from "node:buffer";
import type { Deadlines } from "../../concurrency/deadlines.ts";
import type { BodyPart } from "./body_memory.ts";
import { unavailable } from "./redirect.ts";

/** Limits of a body. */
export interface BodyLimits {
  readonly bytesMax: number;
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
  readonly memory: BodyPart;
}

/**
 * Bodies up to this length are read at once and not as a stream, which costs about 7 % of passing a
 * push on (bench/README.md). What is late is not let go of before its connection ends: it must be
 * small.
 */
const AT_ONCE_BYTES_MAX = 65_536;

/**
 * Reads a request's whole body. Nothing past the limit is kept, and where the client has told a
 * length beyond it nothing is read.
 *
 * @returns a refusal: 413 for a body that is too large, 503 for one for which there is no memory, 408
 *   for one that does not come in time, 400 for one that breaks off
 */
export async function readBody(
  request: Request,
  { bytesMax, timeoutMs, deadlines, memory }: BodyLimits,
): Promise<Uint8Array | Response> {
  const length = request.headers.get("content-length");
  if (Number(length) > bytesMax) return tooLarge(bytesMax);
  if (length !== null && Number(length) <= AT_ONCE_BYTES_MAX) {
    if (!memory.grow(Number(length))) return noMemory();
    return await readAtOnce(request, Number(length), { timeoutMs, deadlines });
  }
  if (!request.body) return new Uint8Array();
  // A body of known length has its buffer from the start: memory is used as it is written, without a copy.
  const whole = length === null ? undefined : new Uint8Array(Number(length));
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const refusal = await takeStream(request.body, { timeoutMs, deadlines }, (chunk) => {
    const at = bytes;
    bytes += chunk.length;
    if (bytes > bytesMax) return tooLarge(bytesMax);
    if (!memory.grow(chunk.length)) {
      memory[Symbol.dispose](); // at once, or all that come at the same time are refused with it
      return noMemory();
    }
    if (whole) whole.set(chunk, at);
    else chunks.push(chunk);
    return undefined;
  });
  if (refusal) whole?.buffer.transfer(0); // frees it now, and not with the next garbage collection
  return refusal ?? whole ?? Buffer.concat(chunks, bytes);
}

/**
 * Reads a request's body and keeps nothing of it, within the same limits. An answer that comes before
 * is lost with some servers and clients: Deno 2.7 resets a connection that brings more after it.
 */
export async function dropBody(
  request: Request,
  { bytesMax, timeoutMs, deadlines }: Omit<BodyLimits, "memory">,
): Promise<void> {
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) <= AT_ONCE_BYTES_MAX) {
    await readAtOnce(request, Number(length), { timeoutMs, deadlines });
    return;
  }
  if (!request.body || Number(length) > bytesMax) return;
  let bytes = 0;
  await takeStream(request.body, { timeoutMs, deadlines }, (chunk) => {
    bytes += chunk.length;
    return bytes > bytesMax ? tooLarge(bytesMax) : undefined;
  });
}

/** Takes a stream chunk by chunk, until one of them is refused. */
async function takeStream(
  body: ReadableStream<Uint8Array>,
  { timeoutMs, deadlines }: Pick<BodyLimits, "timeoutMs" | "deadlines">,
  take: (chunk: Uint8Array) => Response | undefined,
): Promise<Response | undefined> {
  let late = false;
  const reader = body.getReader();
  const deadline = deadlines.set(timeoutMs, () => {
    late = true;
    reader.cancel().catch(() => {});
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late) return tooLate(timeoutMs);
      if (done) return undefined;
      const refusal = take(value);
      if (!refusal) continue;
      await reader.cancel();
      return refusal;
    }
  } catch {
    return brokeOff();
  } finally {
    deadline.clear();
  }
}

/** What has come along with the head is there at once, and no stream is made for it. */
function readAtOnce(
  request: Request,
  length: number,
  { timeoutMs, deadlines }: Pick<BodyLimits, "timeoutMs" | "deadlines">,
): Promise<Uint8Array | Response> {
  return new Promise((resolve) => {
    const deadline = deadlines.set(timeoutMs, () => resolve(tooLate(timeoutMs)));
    const settle = (outcome: Uint8Array | Response) => {
      deadline.clear();
      resolve(outcome);
    };
    request.bytes().then(
      (bytes) => settle(bytes.length === length ? bytes : brokeOff()),
      () => settle(brokeOff()),
    );
  });
}

function tooLate(timeoutMs: number): Response {
  return refusal(408, `the body did not come within ${timeoutMs / 1_000} s`);
}

function brokeOff(): Response {
  return refusal(400, "the body broke off");
}

function tooLarge(bytesMax: number): Response {
  return refusal(413, `the body is larger than the limit of ${bytesMax} bytes`);
}

function noMemory(): Response {
  return unavailable("the bodies of other pushes take all of proxy.body_memory_limit");
}

function refusal(status: number, reason: string): Response {
  return new Response(`${reason}\n`, { status });
}
