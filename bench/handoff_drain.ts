/** How fast one member is emptied that is about to leave, and what that takes. @module */

import { sleep } from "../src/concurrency/backoff.ts";
import { REDIRECT_MS } from "../src/handoff/plan/rings.ts";
import { GATHER_MS } from "../src/membership/watch.ts";
import { startConsul } from "../tools/consul.ts";
import { freePorts } from "../tools/ports.ts";
import { cpuSeconds, memoryBytes } from "./cpu.ts";
import { type Build, type HandoffOptions, msMaxOf } from "./handoff_builds.ts";
import { type Faults, findFaults } from "./handoff_check.ts";
import { type Reads, readsBetween } from "./handoff_counted.ts";
import { groupsOn, type Members } from "./handoff_members.ts";
import { askToDrain, viewMember } from "./handoff_members_api.ts";
import { type Answered, pushPaced } from "./handoff_pushes.ts";
import { readStalls, type Stalls, watchStalls } from "./handoff_stalls.ts";
import { startService } from "./service.ts";

/** What came of one drain. */
export interface DrainResult {
  /** That the member held. */
  readonly groups: number;
  /** Fewer where the time was up. */
  readonly moved: number;
  /** From the request to drain it until it was empty, or the time was up. */
  readonly seconds: number;
  /**
   * Groups a second, since the redirects by the former ring have been followed, which is replaced a moment
   * after the request: nothing moves sooner.
   */
  readonly rate: number;
  /** What the service used for it. */
  readonly cpuSeconds: number;
  /** What all Pushgateways used together. */
  readonly gatewaysCpuSeconds: number;
  /** The most that the service has ever had in memory. */
  readonly peakBytes: number;
  /** Of the service's event loop. */
  readonly stalls: Stalls;
  /** Of each member, as far as they are counted. */
  readonly reads: readonly Reads[];
  /** Pushes in that time. */
  readonly pushes: readonly Answered[];
  /** Found afterwards. A drain that was cut off may leave copies of what it was moving. */
  readonly faults: Faults;
}

/** How to drain. */
export interface DrainOptions extends Omit<HandoffOptions, "builds"> {
  /** What it is called in the log. */
  readonly name: string;
  readonly build: Build;
  /** The first of them is drained. */
  readonly members: Members;
  readonly msMax: number;
  /** Pushes to the groups of all that go on meanwhile, a second; none by default. */
  readonly pushesPerSecond?: number;
  /** There is a Consul, and another instance beside the one that is measured, which takes the pushes. */
  readonly isPair?: boolean;
}

const LOOK_MS = 100;
const LOG_MS = 30_000;
const READ_MS_MAX = 60_000;

/**
 * Starts the service before members, has it drain the first one, and looks for what became of their
 * groups.
 *
 * @throws {Error} where something does not start or the drain is refused; the signal's reason
 */
export async function runDrain(options: DrainOptions): Promise<DrainResult> {
  const { members, signal, log } = options;
  const { families, ...measured } = await measureDrain(options);
  const { groups } = members;
  const faults = await findFaults(members.gateways, { groups, families }, signal);
  const { moved, seconds, rate } = measured;
  const { lost, doubled, changed } = faults;
  log(
    `handoff: ${nameOf(options)}: ${moved} of ${measured.groups} groups in ` +
      `${seconds.toFixed(1)} s, ${rate.toFixed(1)} a second; ` +
      `${lost} lost, ${doubled} doubled, ${changed} changed`,
  );
  return { ...measured, faults };
}

const nameOf = ({ name, build }: DrainOptions) => `${name}, ${build.name}`;

async function measureDrain(options: DrainOptions) {
  const { build, members, pushesPerSecond: perSecond, isPair = false, signal } = options;
  const [port, stallsPort, otherPort] = freePorts(3);
  await using stack = new AsyncDisposableStack();
  const consul = isPair ? stack.use(await startConsul()) : undefined;
  const started = {
    mode: "proxy",
    members: members.addresses,
    directory: members.directory,
    ...(consul && { config: `consul_server: {addr: "${consul.address}"}\n` }),
  } as const;
  const service = stack.use(
    await startService({
      ...started,
      port,
      flags: ["--web.enable-admin-api"],
      program: watchStalls(stallsPort, build.program),
    }),
  );
  const url = `http://127.0.0.1:${port}`;
  if (isPair) {
    const { program } = build;
    stack.use(await startService({ ...started, port: otherPort, program }));
  }
  const pushUrl = isPair ? `http://127.0.0.1:${otherPort}` : url;
  const used = async () => ({
    cpuSeconds: await cpuSeconds(service.pid),
    gatewaysCpuSeconds: await members.cpuSeconds(),
    reads: await members.reads(),
  });
  await awaitRead(url, members, signal);
  await readStalls(stallsPort, signal); // those of the start
  const before = await used();
  const began = performance.now();
  await askToDrain(url, members.addresses[0], signal);
  const pushing = perSecond ? pushPaced(pushUrl, { ...members, perSecond, signal }) : undefined;
  try {
    const { end, ...moves } = await followDrain(url, { ...options, began });
    const after = await used();
    const stalls = await readStalls(stallsPort, signal);
    const peakBytes = await memoryBytes(service.pid, "VmHWM");
    await pushing?.stop();
    return {
      ...moves,
      seconds: (end - began) / 1_000,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds,
      gatewaysCpuSeconds: after.gatewaysCpuSeconds - before.gatewaysCpuSeconds,
      reads: readsBetween(before.reads, after.reads),
      peakBytes,
      stalls,
      pushes: pushing?.answered.filter(({ at }) => at <= end) ?? [],
      families: pushing?.families,
    };
  } finally {
    await pushing?.stop();
  }
}

/** Waits until every member has been read once, or for a minute. */
async function awaitRead(url: string, { addresses }: Members, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + READ_MS_MAX;
  while (performance.now() < endMs) {
    const views = await Promise.all(addresses.map((one) => viewMember(url, one, signal)));
    if (views.every((view) => view?.groups !== undefined)) return;
    await sleep(LOOK_MS, signal);
    signal.throwIfAborted();
  }
}

/** Looks until the member is empty, or the time is up. */
async function followDrain(
  url: string,
  options: DrainOptions & { readonly began: number },
): Promise<Pick<DrainResult, "groups" | "moved" | "rate"> & { end: number }> {
  const { build, members, msMax, began, signal, log } = options;
  const groups = groupsOn(members.addresses[0], members).length;
  const endMax = began + msMaxOf(build, msMax);
  for (let logged = began;;) {
    await sleep(LOOK_MS, signal);
    signal.throwIfAborted();
    const view = await viewMember(url, members.addresses[0], signal);
    const now = performance.now();
    const { groups: told = 0, moved: toldMoved = 0 } = view?.drain ?? {};
    const empty = told > 0 && toldMoved === told;
    // What is told counts some twice that are moved while the member is read.
    const moved = empty ? groups : Math.min(toldMoved, groups);
    if (empty || now > endMax) {
      const movingMs = Math.max(LOOK_MS, now - began - GATHER_MS - REDIRECT_MS);
      return { groups, moved, rate: moved * 1_000 / movingMs, end: now };
    }
    if (now - logged < LOG_MS) continue;
    logged = now;
    log(`handoff: ${nameOf(options)}: ${moved} of ${groups} groups`);
  }
}
