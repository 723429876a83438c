/** Members from the DNS records of some names. @module */

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
   * Looks up the records of a name.
   *
   * @throws if there are none, or if that is not known
   */
  readonly lookUp: (name: string, signal: AbortSignal) => Promise<Answer>;
  readonly random: () => number;
  /**
   * Called after each look-up of a name, with what is wrong with records that are not addresses of
   * members. The others still count.
   */
  readonly onRecords: (name: string, wrong: string | undefined) => void;
}

/** The shortest interval, also for records with a TTL of 0. */
const INTERVAL_MS_MIN = 1_000;
const RETRY_FIRST_MS = 1_000;

/** When a name is due, and how many look-ups have failed since the last one that worked. */
interface Schedule {
  dueMs: number;
  failures: number;
}

/** Follows names in DNS. Each is looked up again when the TTL of its records has passed. */
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
 * Returns after how long a name is looked up again: when the TTL has passed, and no later than the
 * operator wants.
 */
export function nextLookUpMs(ttlMs: number, refreshMs: number): number {
  return Math.max(INTERVAL_MS_MIN, Math.min(ttlMs, refreshMs));
}

/**
 * Returns the member that a record names.
 *
 * @throws {TypeError} if it does not name a member
 */
export function memberOf(record: DnsRecord, { port }: Pick<DnsSdConfig, "port">): Member {
  switch (record.type) {
    case "A":
      return parseMember(`${record.address}:${port}`);
    case "AAAA":
      return parseMember(`[${record.address}]:${port}`);
    case "SRV":
      // Names in DNS ignore case, but the text of a member is its identity.
      return parseMember(`${record.target.toLowerCase().replace(/\.$/, "")}:${record.port}`);
    default:
      return record satisfies never;
  }
}
