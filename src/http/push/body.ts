/** Reads the body of a push, within limits. @module */

import { Buffer } from "node:buffer";
import type { Deadlines } from "../../concurrency/deadlines.ts";
import { BodyFailure, type IncomingBody, type Reply, textReply } from "../message.ts";
import type { BodyPart } from "./body_memory.ts";
import { unavailable } from "./redirect.ts";

/** Limits of a body. */
export interface BodyLimits {
  /** The largest body, as it arrives and, if it is unpacked here, once it is unpacked. */
  readonly bytesMax: number;
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
  readonly memory: BodyPart;
}

/** The buffer for a body that is counted while it is read, or dropped. */
const PART_BYTES = 16_384;
/** A body up to this size gets its memory before it arrives, in one step. */
const AT_ONCE_BYTES_MAX = 65_536;
const EMPTY = new Uint8Array();

/**
 * Reads a request's whole body. Nothing past the limit is kept. If the client announces a length beyond the
 * limit, nothing is read.
 *
 * @returns a refusal: 413 for a body that is too large, 503 for a lack of memory, 408 for a body that does
 *   not arrive in time, 400 for one that breaks off
 */
export function readBody(
  body: IncomingBody,
  limits: BodyLimits,
): Uint8Array | Reply | Promise<Uint8Array | Reply> {
  const { length } = body;
  if (length === undefined) return inTime(readChunks(body, limits), limits);
  if (length === 0) return EMPTY;
  if (length > limits.bytesMax) return tooLarge(limits.bytesMax);
  if (length > AT_ONCE_BYTES_MAX) return inTime(readLong(body, length, limits), limits);
  if (!limits.memory.grow(length)) return noMemory();
  const whole = Buffer.allocUnsafe(length);
  const read = body.read(whole);
  return read === length ? whole : inTime(readRest(body, whole, read), limits);
}

/**
 * Reads a request's body and discards it, within the same limits. Some clients do not read the answer before
 * they have sent the whole body.
 *
 * @returns `undefined` if there is nothing to wait for: the whole body has arrived, or it is too large
 */
export function dropBody(
  body: IncomingBody,
  limits: Omit<BodyLimits, "memory">,
): Promise<unknown> | undefined {
  if (body.isThere || Number(body.length) > limits.bytesMax) return undefined;
  return inTime(drop(body, limits.bytesMax), limits);
}

/** The buffer for all bodies that are dropped. Nobody reads it. */
const scratch = new Uint8Array(PART_BYTES);

/** Ends before the body does if the body takes too long. What is read of it afterwards has no effect. */
function inTime<T>(
  reading: Promise<T>,
  { timeoutMs, deadlines }: Pick<BodyLimits, "timeoutMs" | "deadlines">,
): Promise<T | Reply> {
  return new Promise((resolve, reject) => {
    const deadline = deadlines.set(timeoutMs, () => {
      resolve(textReply(408, `the body did not come within ${timeoutMs / 1_000} s\n`));
    });
    const end = (outcome: T | Reply) => {
      deadline.clear();
      resolve(outcome);
    };
    reading.then(end, (error) => {
      if (error instanceof BodyFailure) {
        end(textReply(400, `the body is refused: ${error.message}\n`));
      } else reject(error);
    });
  });
}

async function readRest(
  body: IncomingBody,
  whole: Uint8Array,
  first: number | Promise<number>,
): Promise<Uint8Array> {
  for (let at = await first; at < whole.length;) at += await body.read(whole.subarray(at));
  return whole;
}

/**
 * Reads a long body into one buffer, without a copy. The system provides the buffer's memory only as it is
 * written.
 */
async function readLong(
  body: IncomingBody,
  length: number,
  { memory }: BodyLimits,
): Promise<Uint8Array | Reply> {
  const whole = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const read = await body.read(whole.subarray(at));
    at += read;
    if (!memory.grow(read)) return refuseMemory(memory, whole);
  }
  return whole;
}

async function readChunks(
  body: IncomingBody,
  { bytesMax, memory }: BodyLimits,
): Promise<Uint8Array | Reply> {
  const part = new Uint8Array(PART_BYTES);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const read = await body.read(part);
    if (read === 0) return parts.length === 1 ? parts[0] : Buffer.concat(parts, bytes);
    bytes += read;
    if (bytes > bytesMax) return tooLarge(bytesMax);
    if (!memory.grow(read)) return refuseMemory(memory);
    parts.push(part.slice(0, read));
  }
}

async function drop(body: IncomingBody, bytesMax: number): Promise<void> {
  for (let bytes = 0; bytes <= bytesMax;) {
    const read = await body.read(scratch);
    if (read === 0) return;
    bytes += read;
  }
}

/** Refuses a body that is larger than the limit. */
export function tooLarge(bytesMax: number): Reply {
  return textReply(413, `the body is larger than the limit of ${bytesMax} bytes\n`);
}

function noMemory(): Reply {
  return unavailable("the bodies of other pushes take all of proxy.body_memory_limit");
}

/**
 * Refuses a body because there is no memory for it. Its own memory is given back at once: otherwise all
 * bodies that arrive at the same time would be refused as well.
 */
export function refuseMemory(memory: BodyPart, whole?: Uint8Array<ArrayBuffer>): Reply {
  memory[Symbol.dispose]();
  whole?.buffer.transfer(0); // frees it at once instead of at the next garbage collection
  return noMemory();
}
