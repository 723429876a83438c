/** Registration in a real Consul, for a few passes. @module */

import { keepRegistered, type RegistrationDeps } from "../../src/consul/registration.ts";
import type { RegistrationPlan } from "../../src/consul/registration.ts";
import { createTrouble, createTroubles } from "../../src/log/trouble.ts";
import type { ConsulAgent } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { recordLog } from "../model/log.ts";
import { openClient } from "./fixture.ts";

/** What registration is told in a pass: nothing is to be done, unless said. */
export function planOf(own: Partial<RegistrationPlan> = {}): RegistrationPlan {
  return { missing: [], withdrawn: [], leaving: [], marked: new Set(), listed: new Set(), ...own };
}

/** How to run it. */
export interface RegisteringOptions extends Partial<RegistrationDeps> {
  readonly token?: string;
  /** Of the passes after the first one, one each. */
  readonly plans?: readonly RegistrationPlan[];
}

/**
 * Runs registration as an instance does that has just been started: the first pass, and one for each
 * plan. No member answers a probe.
 *
 * @returns what it logged
 */
export async function runRegistration(
  consul: ConsulAgent,
  { token, plans = [], ...own }: RegisteringOptions,
): Promise<string[]> {
  using client = openClient(consul, token ?? consul.token);
  const lines: string[] = [];
  const stop = new AbortController();
  let passes = 0;
  const kept = keepRegistered({
    consul: client,
    serviceName: "pushgateway",
    check: { interval: "10s", timeout: "1s", deregisterAfter: "1m" },
    upstream: { scheme: "http", routePrefix: "", tls: {} },
    configured: [],
    added: [],
    removed: [],
    onBrought() {},
    markHere() {},
    plan: () => plans[passes++] ?? planOf(),
    answers: () => Promise.resolve(false),
    random: Math.random,
    log: recordLog((line) => lines.push(line)),
    troubles: { passes: createTrouble(), rights: createTrouble(), ids: createTroubles() },
    ...own,
  }, stop.signal);
  // When the pass after the last one begins, all that there was to do is done.
  await waitFor(() => passes > plans.length, {
    what: `${plans.length} passes after the first one`,
  });
  stop.abort();
  await kept;
  return lines;
}

/** A service as an agent holds it. */
export interface HeldService {
  readonly Service: string;
  readonly Address: string;
  readonly Port: number;
  readonly Tags: readonly string[] | null;
}

/** The services that an agent holds, by ID. */
export async function heldServices(consul: ConsulAgent): Promise<Record<string, HeldService>> {
  const response = await consul.api("/v1/agent/services");
  return await response.json();
}

/** Registers a service as an operator does by hand. */
export async function registerByHand(
  consul: ConsulAgent,
  registration: Readonly<Record<string, unknown>>,
): Promise<void> {
  const body = JSON.stringify(registration);
  const response = await consul.api("/v1/agent/service/register", { method: "PUT", body });
  const text = await response.text();
  if (!response.ok) throw new Error(`expected 2xx, found ${response.status} ${text}`);
}
