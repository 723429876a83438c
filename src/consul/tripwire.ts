/**
 * Notices that an agent is gone. Node's HTTP client under Deno 2.7 does not see that the connection of
 * a request that waits has been closed: a blocking query would go on for a minute after Consul was
 * killed, and miss its restart altogether.
 *
 * @module
 */

/** Where the agent listens. */
export interface AgentAddress {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Keeps a connection to the agent that is not used, until it is disposed of.
 *
 * @param onGone is called once where the agent closes it, sends something, or cannot be connected to
 */
export function watchAgent(address: AgentAddress, onGone: () => void): Disposable {
  const stop = new AbortController();

  async function untilClosed(): Promise<void> {
    const connection = await Deno.connect({ ...address, signal: stop.signal });
    const close = () => connection.close();
    if (stop.signal.aborted) return close(); // just as it came about
    stop.signal.addEventListener("abort", close, { once: true });
    try {
      await connection.read(new Uint8Array(1));
    } finally {
      stop.signal.removeEventListener("abort", close);
      if (!stop.signal.aborted) close();
    }
  }

  // However it ended: the next query tells what has become of the agent.
  const gone = () => {
    if (!stop.signal.aborted) onGone();
  };
  untilClosed().then(gone, gone);
  return { [Symbol.dispose]: () => stop.abort() };
}
