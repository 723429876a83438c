/** Members from DNS: those that the records of some names name. @module */

import { backoffMs, sleep } from "../concurrency/backoff.ts";
import type { DnsSdConfig } from "../config/sources.ts";
import { errorText } from "../log.ts";
import { type Member, parseMember } from "../member.ts";
import { type Discovery, type Listing, NAMED } from "./discovery.ts";
import type { Answer, DnsRecord } from "./dns/message.ts";
import { createUnion, type Part } from "./union.ts";

/** What following names needs. */
export interface DnsDiscoveryDeps {
  readonly config: DnsSdConfig;
  /**
   * Looks up the records of a name, one at least.
   *
   * @throws where there are none, or it is not known whether there are
   */
  readonly lookUp: (name: string, signal: AbortSignal) => Promise<Answer>;
  readonly random: () => number;
  /**
   * Called when the records of a name were looked up, with what is wrong with those that are no members'.
   * The others still count.
   */
  readonly onRecords: (name: string, wrong: string | undefined) => void;
}

/** A record that may be kept for no time at all is not asked for all the time. */
const INTERVAL_MS_MIN = 1_000;
const RETRY_FIRST_MS = 1_000;

/** When a name is due, and how often it could not be looked up since it last could. */
interface Schedule {
  dueMs: number;
  failures: number;
}

/** Follows names in DNS; each is looked up again when its records may be kept no longer. */
export function dnsDiscovery(
  { config, lookUp, random, onRecords }: DnsDiscoveryDeps,
): Discovery {
  const { names, refreshMs } = config;

  async function partOf(name: string, signal: AbortSignal): Promise<Part & { ttlMs?: number }> {
    try {
      const { records, ttlSeconds } = await lookUp(name, signal);
      const listings = new Map<Member, Listing>();
      const bad = new Set<string>();
      for (const record of records) {
        try {
          listings.set(memberOf(record, config), NAMED);
        } catch (cause) {
          bad.add(errorText(cause));
        }
      }
      onRecords(name, bad.size > 0 ? [...bad].sort().join("; ") : undefined);
      if (listings.size > 0) return { kind: "members", listings, ttlMs: ttlSeconds * 1_000 };
      throw new Error(`look-up of ${config.type} ${name}: expected members, found none`);
    } catch (cause) {
      return { kind: "failed", why: errorText(cause) };
    }
  }

  return {
    secondOpinion: false,
    listsRunning: true,
    async *observe(signal) {
      const union = createUnion();
      const parts = new Map<string, Part>();
      const schedules = new Map(names.map((name) => [name, { dueMs: 0, failures: 0 }]));
      while (!signal.aborted) {
        const due = [...schedules].filter(([, { dueMs }]) => dueMs <= performance.now());
        await Promise.all(due.map(async ([name, schedule]: [string, Schedule]) => {
          const { ttlMs, ...part } = await partOf(name, signal);
          parts.set(name, part);
          schedule.failures = ttlMs === undefined ? schedule.failures + 1 : 0;
          const limits = { firstMs: Math.min(RETRY_FIRST_MS, refreshMs), maxMs: refreshMs };
          const waitMs = ttlMs === undefined
            ? backoffMs(schedule.failures, limits, random)
            : nextLookUpMs(ttlMs, refreshMs);
          schedule.dueMs = performance.now() + waitMs;
        }));
        if (signal.aborted) return;
        yield* union(parts);
        const nextMs = Math.min(...schedules.values().map(({ dueMs }) => dueMs));
        await sleep(nextMs - performance.now(), signal);
      }
    },
  };
}

/**
 * After how long a name is looked up again: its records are kept no longer than they may be, nor than
 * the operator wants.
 */
export function nextLookUpMs(ttlMs: number, refreshMs: number): number {
  return Math.max(INTERVAL_MS_MIN, Math.min(ttlMs, refreshMs));
}

/**
 * The member that a record names.
 *
 * @throws {TypeError} where it names none
 */
export function memberOf(record: DnsRecord, { port }: Pick<DnsSdConfig, "port">): Member {
  switch (record.type) {
    case "A":
      return parseMember(`${record.address}:${port}`);
    case "AAAA":
      return parseMember(`[${record.address}]:${port}`);
    case "SRV":
      // A name is the same in capitals or not, and comes in either; a member's text is its identity.
      return parseMember(`${record.target.toLowerCase().replace(/\.$/, "")}:${record.port}`);
    default:
      return record satisfies never;
  }
}
