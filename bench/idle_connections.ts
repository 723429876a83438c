/** Clients that have pushed once and stay: many connections that do nothing. @module */

import { pathOf, together } from "./pusher.ts";

/** Connections that are open. Disposal closes them. */
export interface IdleConnections extends Disposable {
  /** How many the server has closed by itself. */
  lost(): number;
}

const OPENING_MS_MAX = 60_000;
/** So many at once wait for their answers: a server's backlog is not what is measured. */
const OPENING = 64;
const ANSWER_BYTES_MAX = 4_096;
const BODY = "backup_last_success 1\n";
const HEAD_END = "\r\n\r\n";

/**
 * Opens connections, each of which brings one push and gets its answer.
 *
 * @throws {Error} where an answer is not of that status; the signal's reason
 */
export async function openIdle(
  { port, count, status, signal }: {
    readonly port: number;
    readonly count: number;
    readonly status: number;
    readonly signal: AbortSignal;
  },
): Promise<IdleConnections> {
  using stack = new DisposableStack();
  let [opened, lost, closed] = [0, 0, false];
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(OPENING_MS_MAX)]);
  await together(OPENING, bounded, async (signal) => {
    while (opened < count) {
      signal.throwIfAborted();
      const group = opened++;
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      stack.defer(() => close(connection));
      await push(connection, { group, status, signal });
      void untilEnd(connection).then(() => closed || lost++);
    }
  });
  const kept = stack.move();
  return {
    lost: () => lost,
    [Symbol.dispose]: () => {
      closed = true;
      kept.dispose();
    },
  };
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already
  }
}

async function push(
  connection: Deno.Conn,
  { group, status, signal }: { group: number; status: number; signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  const stop = () => close(connection); // ends what waits for it
  signal.addEventListener("abort", stop, { once: true });
  const request = new TextEncoder().encode(
    `PUT ${pathOf(group)} HTTP/1.1\r\nHost: pushes\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${BODY.length}${HEAD_END}${BODY}`,
  );
  for (let sent = 0; sent < request.length;) sent += await connection.write(request.subarray(sent));
  const buffer = new Uint8Array(ANSWER_BYTES_MAX);
  let answer = "";
  while (!answer.includes(HEAD_END)) {
    const read = await connection.read(buffer);
    if (read === null || answer.length > ANSWER_BYTES_MAX) break;
    answer += new TextDecoder().decode(buffer.subarray(0, read));
  }
  signal.removeEventListener("abort", stop);
  if (!answer.startsWith(`HTTP/1.1 ${status} `)) {
    throw new Error(`a push: expected ${status}, found ${answer.split("\r\n")[0] || "no answer"}`);
  }
}

/** Reads what is left of the answer. Resolves when nothing more comes, whoever has ended it. */
async function untilEnd(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(ANSWER_BYTES_MAX);
  try {
    while (await connection.read(buffer) !== null);
  } catch {
    // Closed here, or broken off there.
  }
}
