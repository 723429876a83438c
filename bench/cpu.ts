/** CPU time and memory of a process, from /proc. Linux only, as wrk's package is. @module */

/** Linux's USER_HZ, in which /proc counts, is 100 on every architecture that Deno runs on. */
const SECONDS_PER_TICK = 0.01;

/** User and system time that a process and its children that live have used so far. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The second field, the name in parentheses, may hold anything; utime and stime are 14th and 15th.
  const [utime, stime] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(Number);
  let seconds = (utime + stime) * SECONDS_PER_TICK;
  for (const child of await childrenOf(pid)) seconds += await cpuSeconds(child);
  return seconds;
}

/** The memory that a process and its children that live have now; pages that they share count twice. */
export async function residentBytes(pid: number): Promise<number> {
  let bytes = await memoryBytes(pid, "VmRSS");
  for (const child of await childrenOf(pid)) bytes += await residentBytes(child);
  return bytes;
}

async function childrenOf(pid: number): Promise<number[]> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return children.split(" ").filter((text) => text !== "").map(Number);
}

/** The memory that a process has now (`VmRSS`), or the most that it has ever had (`VmHWM`). */
export async function memoryBytes(pid: number, field: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status)?.[1]) * 1_024;
}

/** The machine, as far as figures depend on it. */
export function machine(): string {
  const model = /^model name\s*:\s*(.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  return `${navigator.hardwareConcurrency} cores of ${model ?? "an unnamed CPU"}, ` +
    `${Deno.build.target}, Deno ${Deno.version.deno}`;
}
