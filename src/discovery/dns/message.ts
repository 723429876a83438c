/** Writes DNS questions and reads DNS answers. Pure. @module */

// @ts-types="./dns_packet.d.ts"
import { decode, encode, type Packet, RECURSION_DESIRED } from "dns-packet";
import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import type { RecordType } from "../../config/sources.ts";

/** A question to a server. */
export interface Question {
  /** The whole name, with or without a dot at its end. */
  readonly name: string;
  readonly type: RecordType;
}

/** A record of an answer, of the type that was asked for. */
export type DnsRecord =
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | { readonly type: "SRV"; readonly target: string; readonly port: number };

/** The answer of a server. */
export interface Answer {
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL` and so on. */
  readonly code: string;
  readonly records: readonly DnsRecord[];
  /** The shortest TTL of the records and of the aliases that lead to them. */
  readonly ttlSeconds: number;
}

const CUT_OFF = "expected a whole DNS message, found a part of one";
const HEADER_BYTES = 12;
/** Bits of the third byte of a message. */
const RESPONSE = 0x80;
const TRUNCATED = 0x02;

/**
 * Writes a question.
 *
 * @param id a number of 16 bits, which the answer repeats
 */
export function writeQuestion(id: number, { name, type }: Question): Uint8Array<ArrayBuffer> {
  const questions = [{ name, type }];
  return new Uint8Array(encode({ type: "query", id, flags: RECURSION_DESIRED, questions }));
}

/**
 * Reads an answer.
 *
 * @returns `undefined` if the bytes are not an answer to this question; `truncated` if they are the
 *   beginning of one
 * @throws {Error} if they are an answer to it that cannot be read
 */
export function readAnswer(
  bytes: Uint8Array,
  { id, question }: { readonly id: number; readonly question: Question },
): Answer | "truncated" | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  if (((bytes[0] << 8) | bytes[1]) !== id || !(bytes[2] & RESPONSE)) return undefined;
  if (bytes[2] & TRUNCATED) return "truncated";
  let packet: Packet;
  try {
    packet = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (cause) {
    throw new Error(CUT_OFF, { cause });
  }
  return isOf(packet, question) ? toAnswer(packet, question) : undefined;
}

function isOf({ questions: [asked], rcode }: Packet, { name, type }: Question): boolean {
  // A server that could not read the question does not have to repeat it.
  if (!asked) return rcode !== "NOERROR";
  return asked.type === type && withoutRoot(asked.name) === withoutRoot(name);
}

function toAnswer({ answers, rcode: code }: Packet, { type }: Question): Answer {
  const records: DnsRecord[] = [];
  let ttlSeconds = Infinity;
  for (const { type: found, ttl = 0, data } of answers) {
    if (found !== type && found !== "CNAME") continue;
    ttlSeconds = Math.min(ttlSeconds, ttl);
    if (found === type) records.push(toRecord(type, data));
  }
  return { code, records, ttlSeconds };
}

function toRecord(type: RecordType, data: unknown): DnsRecord {
  if (type === "SRV") {
    const { target, port } = data as { target: string; port: number };
    return { type, target, port };
  }
  const address = String(data);
  // If a message is cut off within an address, the library reads beyond its end.
  if (!isIP(address)) throw new Error(CUT_OFF);
  return { type, address };
}

/** Compares names without regard to case: a server may answer in another one. */
function withoutRoot(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
