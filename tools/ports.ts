/**
 * Ports for programs that cannot be told to take any free one.
 *
 * They are drawn below Linux's range for outgoing connections (32768 and up): a port from that
 * range may be taken by a client's connection while its server restarts.
 *
 * @module
 */

const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
const TRIES_MAX = 200;

/** A port on which nothing listens at `hostname`. */
export function freePort(hostname = "127.0.0.1"): number {
  return freePortOn([hostname]);
}

/**
 * A port that is free on every one of several addresses, as for Pushgateways on
 * 127.0.0.1 … 127.0.0.4 that share a port.
 *
 * @throws {Error} when 200 draws found none
 */
export function freePortOn(hostnames: readonly string[]): number {
  return freePorts(1, hostnames)[0];
}

/** Several different ports, each free on every one of the addresses. */
export function freePorts(count: number, hostnames: readonly string[] = ["127.0.0.1"]): number[] {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries === TRIES_MAX) {
      throw new Error(
        `${TRIES_MAX} draws between ${PORT_MIN} and ${PORT_MAX} found ${ports.size} of ${count} ` +
          `ports free on ${hostnames.join(", ")}`,
      );
    }
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN));
    if (hostnames.every((hostname) => isFree(hostname, port))) ports.add(port);
  }
  return [...ports];
}

function isFree(hostname: string, port: number): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
