/** What handoff does on members, done on real Pushgateways of several versions. @module */

import type { NameScheme } from "../../src/group/label_name.ts";
import { type Gateways, openGateways as open } from "../../src/handoff/gateways.ts";
import type { ReadWay } from "../../src/pushgateway/push_times.ts";
import { type ComponentName, ensureComponents } from "../../tools/components.ts";
import {
  type Pushgateway,
  type PushgatewayOptions,
  startPushgateway,
} from "../../tools/pushgateway.ts";

/** The oldest and the latest that there is, and two between them. */
export const VERSIONS = [
  "pushgateway-1.4",
  "pushgateway-1.5",
  "pushgateway-1.11.0",
  "pushgateway",
] as const satisfies readonly ComponentName[];

/** Starts a Pushgateway of one version. */
export async function startVersion(
  version: typeof VERSIONS[number],
  options: Omit<PushgatewayOptions, "component"> = {},
): Promise<Pushgateway> {
  const components = await ensureComponents([version]);
  return await startPushgateway({ ...options, component: components[version] });
}

/**
 * The members as handoff uses them; every group is at its usual path.
 *
 * @param version that all of them have told
 */
export function openGateways(
  { transport, timeoutMs, now }: ReadWay,
  { nameScheme = "legacy", version = "1.11.2" }: {
    readonly nameScheme?: NameScheme;
    readonly version?: string;
  } = {},
): Gateways {
  const way = { transport, nameScheme, readTimeoutMs: timeoutMs, writeTimeoutMs: timeoutMs };
  return open(() => way, { pathOn: () => undefined, versionOf: () => version, now });
}
