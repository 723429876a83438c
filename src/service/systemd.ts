/**
 * Notifies the service manager of the state of the service: sd_notify(3), a datagram to the socket that
 * `NOTIFY_SOCKET` names.
 *
 * @module
 */

import { untilAborted } from "../concurrency/abort.ts";
import { sleep } from "../concurrency/backoff.ts";
import { errorText, type Logger } from "../log.ts";
import { createTrouble } from "../log/trouble.ts";

/** The states that are sent. */
export type ManagerState = "READY=1" | "RELOADING=1" | "STOPPING=1" | "WATCHDOG=1";

/** The service manager, if it wants to be notified. */
export interface Manager extends Disposable {
  /** Sends a state. If that fails, it is logged, and the service goes on. */
  tell(state: ManagerState): Promise<void>;
  /**
   * Sends, as often as the service manager asks for it, that the event loop runs, until the signal aborts.
   */
  keepAlive(signal: AbortSignal): Promise<void>;
}

/** What notifying it needs. */
export interface ManagerDeps {
  /** Reads an environment variable. */
  readonly env: (name: string) => string | undefined;
  readonly pid: number;
  readonly log: Logger;
}

/** A third, so that one late message does not get the service killed. */
const PART_OF_WATCHDOG = 1 / 3;
const encoder = new TextEncoder();

/**
 * Opens the way to the service manager. Nothing is sent if there is none.
 *
 * A datagram needs a socket of our own to come from. In the unit's `RUNTIME_DIRECTORY` a socket may be
 * created. Without that it has no name, and only a process with all permissions may ask for such a socket.
 */
export function openManager({ env, pid, log }: ManagerDeps): Manager {
  const address = env("NOTIFY_SOCKET");
  const directory = env("RUNTIME_DIRECTORY")?.split(":")[0];
  const own = directory ? `${directory}/notify-${pid}` : "";
  const fields = { socket: address, from: own };
  let socket: Deno.DatagramConn | undefined;
  try {
    if (address) socket = Deno.listenDatagram({ transport: "unixpacket", path: own });
  } catch (error) {
    log.warn("service manager cannot be notified", { ...fields, err: errorText(error) });
  }
  const watchdogPid = env("WATCHDOG_PID");
  const isWatched = watchdogPid === undefined || Number(watchdogPid) === pid;
  const everyMs = isWatched ? Number(env("WATCHDOG_USEC") ?? 0) / 1_000 * PART_OF_WATCHDOG : 0;
  const trouble = createTrouble();

  async function tell(state: ManagerState): Promise<void> {
    if (!socket || !address) return;
    // A name that begins with "@" is in the kernel's own name space.
    const path = address.replace(/^@/, "\0");
    try {
      await socket.send(encoder.encode(state), { transport: "unixpacket", path });
      const past = trouble.over();
      if (past) log.info("notifying the service manager works again", { ...fields, ...past });
    } catch (error) {
      if (!trouble.isNews(error)) return;
      const what = "notifying the service manager failed";
      log.warn(what, { ...fields, state, err: errorText(error) });
    }
  }

  return {
    tell,
    async keepAlive(signal) {
      if (!socket || !(everyMs > 0)) return await untilAborted(signal);
      while (!signal.aborted) {
        await tell("WATCHDOG=1");
        await sleep(everyMs, signal);
      }
    },
    [Symbol.dispose]() {
      socket?.close();
      if (socket && own) Deno.removeSync(own);
    },
  };
}
