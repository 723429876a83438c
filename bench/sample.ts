/** One server under wrk for a moment, and what it took. @module */

import type { Component } from "../tools/components.ts";
import { cpuSeconds } from "./cpu.ts";
import type { Target } from "./targets.ts";
import { runWrk } from "./wrk.ts";

/** One server in one round. */
export interface Sample {
  readonly cpuMicroseconds: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
}

/** All servers in one round. One that could not be had is missing in every round. */
export type Round<Name extends string> = Readonly<Partial<Record<Name, Sample>>>;

/** How long and how hard. */
export interface SampleOptions {
  readonly wrk: Component;
  readonly seconds: number;
  readonly connections: number;
  /** Requests a second; absent: as many as are answered. */
  readonly rate?: number;
  readonly signal: AbortSignal;
}

/** Seconds; V8 has compiled what is hot well before. */
export const WARM_UP_SECONDS = 3;

/** @throws {Error} where a push is not answered as it should be; the signal's reason */
export async function takeSample(
  { process, beside = [], url }: Target<string>,
  options: SampleOptions,
): Promise<Sample> {
  const cpuOfAll = async () => {
    const seconds = [process, ...beside].map(({ pid }) => cpuSeconds(pid));
    return (await Promise.all(seconds)).reduce((sum, one) => sum + one);
  };
  const before = await cpuOfAll();
  const result = await runWrk({ url, ...options });
  const cpu = await cpuOfAll() - before;
  return {
    cpuMicroseconds: cpu * 1e6 / result.requests,
    requestsPerSecond: result.requests / (result.microseconds / 1e6),
    p99Ms: result.p99Microseconds / 1_000,
  };
}

/**
 * Samples of each server in turn, round by round, so that neighbours can be compared. Another begins
 * each round: none is always the one that comes right after the round's rate was found.
 */
export async function takeRounds<Name extends string>(
  targets: readonly Target<Name>[],
  { name, rounds, rate, log, ...options }: Omit<SampleOptions, "rate"> & {
    /** What is measured, for the log. */
    readonly name: string;
    readonly rounds: number;
    /** Finds each round's rate. */
    readonly rate?: () => Promise<number>;
    readonly log: (line: string) => void;
  },
): Promise<Round<Name>[]> {
  const result: Round<Name>[] = [];
  for (let round = 1; round <= rounds; round++) {
    const samples = new Map<Name, Sample>();
    const first = (round - 1) % targets.length;
    const order = [...targets.slice(first), ...targets.slice(0, first)];
    const paced = { ...options, rate: await rate?.() };
    for (const target of order) samples.set(target.name, await takeSample(target, paced));
    result.push(Object.fromEntries(samples) as Round<Name>);
    const each = targets.map(({ name }) =>
      `${name} ${samples.get(name)?.cpuMicroseconds.toFixed(2)}`
    );
    log(`${name}: round ${round} of ${rounds}, CPU µs a request: ${each.join(", ")}`);
  }
  return result;
}
