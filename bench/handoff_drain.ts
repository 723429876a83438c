/** How fast a member is emptied that is about to leave. @module */

import { sleep } from "../src/concurrency/backoff.ts";
import { freePorts } from "../tools/ports.ts";
import { cpuSeconds } from "./cpu.ts";
import { startMembers } from "./handoff_members.ts";
import { readStalls, type Stalls, watchStalls } from "./handoff_stalls.ts";
import type { HandoffOptions } from "./handoff_sweep.ts";
import { startService } from "./service.ts";

/** What came of one drain. */
export interface DrainResult {
  /** That the member held. */
  readonly groups: number;
  /** Fewer where the time was up. */
  readonly moved: number;
  readonly seconds: number;
  /** What the service used for it. */
  readonly cpuSeconds: number;
  /** What all Pushgateways used together. */
  readonly gatewaysCpuSeconds: number;
  /** Of the service's event loop. */
  readonly stalls: Stalls;
}

const MEMBERS = 3;
/** Of all: the one that is drained has a third. */
const GROUPS = 30_000;
const DRAIN_MS_MAX = { unchecked: 180_000, checked: 90_000 };
const LOOK_MS = 250;
const LOG_MS = 30_000;

/**
 * Drains one of three members, each with 10,000 groups, into the others.
 *
 * @param checked whether these check each push against all that they hold
 * @throws {Error} where something does not start or the drain is refused; the signal's reason
 */
export async function runDrain(
  checked: boolean,
  { signal, log }: HandoffOptions,
): Promise<DrainResult> {
  const name = checked ? "checked" : "unchecked";
  log(`handoff: filling ${MEMBERS} Pushgateways (${name}) with ${GROUPS} groups`);
  await using members = await startMembers({ count: MEMBERS, groups: GROUPS, checked, signal });
  const { gateways, directory } = members;
  const [port, stallsPort] = freePorts(2);
  await using service = await startService({
    port,
    mode: "proxy",
    members: gateways.map(({ address }) => address),
    directory,
    flags: ["--web.enable-admin-api"],
    deno: watchStalls(stallsPort),
  });
  const api = `http://127.0.0.1:${port}/api/v1/members`;
  const [{ address }] = gateways;
  const used = async () => {
    const each = await Promise.all(gateways.map((gateway) => cpuSeconds(gateway.pid())));
    return {
      cpuSeconds: await cpuSeconds(service.pid),
      gatewaysCpuSeconds: each.reduce((sum, seconds) => sum + seconds, 0),
    };
  };
  await readStalls(stallsPort, signal); // those of the start
  const before = await used();
  const began = performance.now();
  await ask(`${api}/${address}/drain`, { method: "PUT", signal });
  let [progress, logged]: [MemberView["drain"], number] = [undefined, began];
  for (;;) {
    await sleep(LOOK_MS, signal);
    signal.throwIfAborted();
    const listed = await ask(api, { signal }) as readonly MemberView[];
    const view = listed.find(({ member }) => member === address);
    progress = view?.drain ?? progress;
    const now = performance.now();
    const { groups = 0, moved = 0 } = progress ?? {};
    if ((groups > 0 && moved === groups) || now - began > DRAIN_MS_MAX[name]) {
      const seconds = (now - began) / 1_000;
      log(`handoff: drain (${name}): ${moved} of ${groups} groups in ${seconds.toFixed(0)} s`);
      const after = await used();
      return {
        groups,
        moved,
        seconds,
        cpuSeconds: after.cpuSeconds - before.cpuSeconds,
        gatewaysCpuSeconds: after.gatewaysCpuSeconds - before.gatewaysCpuSeconds,
        stalls: await readStalls(stallsPort, signal),
      };
    }
    if (now - logged > LOG_MS) {
      logged = now;
      log(`handoff: drain (${name}): ${moved} of ${groups} groups`);
    }
  }
}

/** Of what `GET /api/v1/members` lists, what is looked at. */
interface MemberView {
  readonly member: string;
  readonly drain?: { readonly groups: number; readonly moved: number };
}

async function ask(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: expected success, found ${response.status}: ${text}`);
  return (JSON.parse(text) as { data: unknown }).data;
}
