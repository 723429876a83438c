/**
 * `dynamic-sharding plan`: forecasts which groups a change of members would move. Changes nothing.
 *
 * @module
 */

import { createDeadlines } from "../concurrency/deadlines.ts";
import { loadPlacedConfig } from "../config/load.ts";
import { readTlsFiles } from "../config/named_files.ts";
import { cooperate } from "../concurrency/cooperate.ts";
import { forecast } from "../handoff/plan/forecast.ts";
import { openGateways } from "../handoff/gateways.ts";
import { changedWeights } from "../http/api/members.ts";
import { type ForecastView, forecastView } from "../http/api/views.ts";
import type { Member } from "../member.ts";
import type { PushTimes } from "../pushgateway/push_times.ts";
import { openTransport } from "../pushgateway/client/transport.ts";
import { HashRing } from "../ring/hash_ring.ts";
import { ask, type RunningService } from "./ask.ts";

/** The members that would be added and removed. */
export interface PlannedChange {
  readonly add: readonly Member[];
  readonly remove: readonly Member[];
}

/** Limits for reading a whole Pushgateway, which may answer with 135 MB. */
const READ_LIMITS = {
  idleMax: 1,
  answers: { bytesMax: 2 ** 30, beyond: "error" },
} as const;

/**
 * Requests the forecast of a running service.
 *
 * @throws {Error} if it does not answer, or the change is not possible
 */
export async function planOfService(
  service: RunningService,
  { add, remove }: PlannedChange,
): Promise<ForecastView> {
  const query = new URLSearchParams([
    ...add.map((member) => ["add", member]),
    ...remove.map((member) => ["remove", member]),
  ]);
  return await ask(service, { path: `/api/v1/plan?${query}`, data: forecastView });
}

/**
 * Computes the forecast from the servers of a configuration file.
 *
 * @throws {ConfigError} if the file is invalid
 * @throws {Error} if a server cannot be read, or the change is not possible
 */
export async function planOfFile(
  file: string,
  change: PlannedChange,
  env: (name: string) => string | undefined,
): Promise<ForecastView> {
  const { config, placeOf } = await loadPlacedConfig(file, env);
  const { servers, upstream, nameScheme, proxy, handoff } = config;
  if (servers.length === 0) {
    throw new TypeError(
      `${file}: expected pushgateway.servers, found none; ask a service by --url`,
    );
  }
  const before = HashRing.of(new Map(servers.map((server) => [server, 1])));
  const after = HashRing.of(changedWeights(before, change));
  using deadlines = createDeadlines();
  const files = await readTlsFiles(upstream.tls, { section: "pushgateway.tls_config", placeOf });
  using transport = openTransport(upstream, {
    ...READ_LIMITS,
    certificates: () => files,
    deadlines,
  });
  const gateways = openGateways(() => ({
    transport,
    nameScheme,
    readTimeoutMs: handoff.sweepTimeoutMs,
    writeTimeoutMs: proxy.timeoutMs,
  }), { pathOn: () => undefined, versionOf: () => undefined, now: Date.now });
  const { signal } = new AbortController();
  const inventories = new Map<Member, PushTimes>();
  for (const server of servers) {
    inventories.set(server, await gateways.pushTimes(server, signal));
  }
  return await cooperate(forecast(inventories, { before, after }), signal);
}

/** Renders the forecast as text: how many groups move, their old and new members, and the balance. */
export function renderForecast(
  { groups, moving, moves, balance, unread = [] }: ForecastView,
): string {
  const share = groups === 0 ? 0 : moving / groups * 100;
  const sections = [`${moving} of ${groups} groups would move (${share.toFixed(1)} %)`];
  if (unread.length > 0) {
    sections.push(`not counted because they cannot be read: the groups of ${unread.join(", ")}`);
  }
  if (moves.length > 0) {
    const rows = moves.map(({ from, to, groups }) => [from, to, `${groups}`]);
    sections.push(table(["from", "to", "groups"], rows));
  }
  const rows = balance.map(({ member, before, after }) => [member, `${before}`, `${after}`]);
  sections.push(table(["owner", "groups now", "then"], rows));
  return `${sections.join("\n\n")}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const isNumber = (i: number) => rows.every((row) => /^\d+$/.test(row[i]));
  return lines.map((line) =>
    line.map((cell, i) => isNumber(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))
      .join("  ").trimEnd()
  ).join("\n");
}
