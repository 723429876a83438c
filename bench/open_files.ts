/** How many files, and so connections, a process may have open: from /proc. @module */

/** What a process has open beside the connections that are counted here. */
const OTHERS = 500;

/**
 * How many connections this process may have, as far as its limit of open files goes. Programs that it
 * starts inherit that. Deno has raised it to the hard limit by itself.
 */
export async function connectionsMax(): Promise<number> {
  const limits = await Deno.readTextFile("/proc/self/limits");
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  return soft === "unlimited" ? Infinity : Math.max(1, Number(soft) - OTHERS);
}
