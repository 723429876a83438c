/** Pushgateways that a service is put in front of, and what it is told of them. @module */

import type { ConsulAgent } from "../../tools/consul.ts";
import {
  type Pushgateway,
  type PushgatewayOptions,
  startPushgateway,
} from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";
import type { Service } from "../integration/service.ts";

/** Several Pushgateways. Disposal stops them. */
export interface Members extends AsyncDisposable {
  readonly all: readonly Pushgateway[];
  readonly addresses: readonly string[];
}

/** Starts some. */
export async function startMembers(
  count: number,
  options: PushgatewayOptions = {},
): Promise<Members> {
  await using stack = new AsyncDisposableStack();
  const all: Pushgateway[] = [];
  while (all.length < count) all.push(stack.use(await startPushgateway(options)));
  const opened = stack.move();
  return {
    all,
    addresses: all.map(({ address }) => address),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** A configuration file. */
export function configOf(
  addresses: readonly string[],
  { mode = "proxy", consul, serviceName, more = "" }: {
    readonly mode?: "proxy" | "redirect";
    readonly consul?: ConsulAgent;
    readonly serviceName?: string;
    /** Further lines. */
    readonly more?: string;
  } = {},
): string {
  const name = serviceName ? `, register_service_name: ${serviceName}` : "";
  return `mode: ${mode}\npushgateway: {servers: ${JSON.stringify(addresses)}}\n${more}\n` +
    (consul ? `consul_server: {addr: "${consul.address}", check_interval: 1s${name}}\n` : "");
}

/** Waits until every member is in the ring and takes pushes. */
export async function waitForAll(service: Service, addresses: readonly string[]): Promise<void> {
  await service.waitForMembers(addresses);
  await service.waitForActive(addresses.length);
  await service.waitUntilReady();
}

/** A member as `GET /api/v1/members` shows it. */
export interface MemberJson {
  readonly member: string;
  readonly state: string;
  readonly drained: boolean;
  readonly groups?: number;
  readonly drain?: {
    readonly groups: number;
    readonly moved: number;
    readonly rate?: number;
    readonly seconds_left?: number;
    readonly targets_check?: boolean;
  };
}

/** What an instance says of a member. */
export async function memberOf(service: Service, address: string): Promise<MemberJson> {
  const { data } = JSON.parse((await service.get("/api/v1/members")).text) as {
    data: MemberJson[];
  };
  const found = data.find(({ member }) => member === address);
  if (!found) throw new Error(`expected ${address} among the members, found it not`);
  return found;
}

/**
 * Has a member drained, or takes that back.
 *
 * @returns the status
 */
export async function askToDrain(
  service: Service,
  address: string,
  { undo = false } = {},
): Promise<{ status: number; text: string }> {
  const url = `${service.url}/api/v1/members/${address}/drain`;
  return await request(url, { method: undo ? "DELETE" : "PUT" });
}
