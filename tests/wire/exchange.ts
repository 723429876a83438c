/** Sends bytes over a connection of their own and reads what comes back. @module */

import { type Answers, readAnswers } from "./answers.ts";

/** What to send, and how. */
export interface Delivery {
  /** Pieces that are written one after the other: they need not be whole in any way. */
  readonly pieces: readonly Uint8Array[];
  /** Whether the write side is closed behind them, as a client does that has no more to send. */
  readonly halfClose: boolean;
}

/** What came back. */
export interface Exchange extends Answers {
  /** Whether the server has closed; else it was quiet for so long that we did. */
  readonly closed: boolean;
  /** Whether it has reset the connection, as a server does that has not read all: an answer may be lost. */
  readonly reset?: boolean;
}

/** How long to wait for what a server has to say. */
export interface Patience {
  /** Without a byte, where the write side stays open. */
  readonly quietMs: number;
  /** In all, where it is closed: then the server has to close as well. */
  readonly msMax: number;
}

/** Where a server listens. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

const { BadResource, BrokenPipe, ConnectionReset, Interrupted } = Deno.errors;
const BUFFER_BYTES = 16_384;

/** Sends and reads until the server closes, or patience ends. */
export async function exchange(
  { hostname, port }: Address,
  { pieces, halfClose }: Delivery,
  { quietMs, msMax }: Patience,
): Promise<Exchange> {
  const connection = await Deno.connect({ hostname, port });
  connection.setNoDelay(true);
  let closed = true;
  const giveUp = () => {
    closed = false;
    connection.close();
  };
  let timer = setTimeout(giveUp, msMax);
  let sent = false;
  const beQuiet = () => {
    if (halfClose || !sent || !closed) return;
    clearTimeout(timer);
    timer = setTimeout(giveUp, quietMs);
  };
  const send = async () => {
    try {
      for (const piece of pieces) {
        for (let at = 0; at < piece.length;) at += await connection.write(piece.subarray(at));
      }
      if (halfClose) await connection.closeWrite();
    } catch (error) {
      if (!isEnd(error)) throw error; // it does not want the rest: its answer may be there all the same
    }
    sent = true;
    beQuiet();
  };
  const sending = send();
  let text = "";
  let reset = false;
  try {
    const buffer = new Uint8Array(BUFFER_BYTES);
    for (;;) {
      const length = await connection.read(buffer);
      if (length === null) break;
      text += String.fromCharCode(...buffer.subarray(0, length));
      beQuiet();
    }
  } catch (error) {
    if (!isEnd(error)) throw error;
    reset = closed;
  }
  const byServer = closed;
  closed = false;
  clearTimeout(timer);
  if (byServer) connection.close();
  await sending;
  return { ...readAnswers(text), closed: byServer, reset };
}

function isEnd(error: unknown): boolean {
  if (error instanceof BadResource || error instanceof BrokenPipe) return true;
  if (error instanceof ConnectionReset || error instanceof Interrupted) return true;
  return error instanceof Error && "code" in error && error.code === "ENOTCONN";
}
