/** As much of npm:dns-packet as is used here: its own package of types brings those of Node.js with it. */

export interface Answer {
  readonly type: string;
  readonly ttl?: number;
  readonly data: unknown;
}

export interface Packet {
  readonly rcode: string;
  readonly questions: readonly { readonly name: string; readonly type: string }[];
  readonly answers: readonly Answer[];
}

/** @throws {Error} where the bytes are no message */
export function decode(bytes: Uint8Array): Packet;

export function encode(packet: {
  readonly type: "query";
  readonly id: number;
  readonly flags: number;
  readonly questions: readonly { readonly name: string; readonly type: string }[];
}): Uint8Array<ArrayBuffer>;

export const RECURSION_DESIRED: number;
