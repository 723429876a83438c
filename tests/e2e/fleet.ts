/**
 * A Consul, four Pushgateways that keep their groups on disk, and instances of the service. Three of
 * the Pushgateways are members at the beginning.
 *
 * @module
 */

import { type ConsulAgent, startConsul } from "../../tools/consul.ts";
import { freePortOn } from "../../tools/ports.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { temporaryDirectory } from "../../tools/server.ts";
import type { Program } from "../../tools/program.ts";
import { type Service, startService } from "../integration/service.ts";

/** All that runs beside the Prometheus servers. */
export interface Fleet {
  readonly consul: ConsulAgent;
  /** Four; the last is no member yet. */
  readonly members: readonly Pushgateway[];
  readonly services: readonly Service[];
  /** The configuration with these servers in it. */
  config(servers: readonly Pushgateway[]): string;
}

/** How to start it. */
export interface FleetOptions {
  readonly instances: number;
  readonly pushgateways: number;
  /** How many of them are in the file at the beginning. */
  readonly configured: number;
  readonly pushgatewayFlags?: readonly string[];
  /** How often Consul checks the members; each second unless told. */
  readonly checkInterval?: string;
  /** What the instances run. Absent: this repository. */
  readonly program?: Program;
}

/** What the instances are started with. */
export const FLAGS = ["--web.enable-lifecycle", "--web.enable-admin-api"];

/** Starts everything and waits until the instances have a ring of the configured members. */
export async function startFleet(
  {
    instances,
    pushgateways,
    configured,
    pushgatewayFlags = [],
    checkInterval = "1s",
    program,
  }: FleetOptions,
  stack: AsyncDisposableStack,
): Promise<Fleet> {
  const hosts = Array.from({ length: pushgateways }, (_, i) => `127.0.0.${i + 1}`);
  const port = freePortOn(hosts);
  const directory = await temporaryDirectory("e2e");
  stack.defer(directory.remove);
  const consul = stack.use(await startConsul());
  const members: Pushgateway[] = [];
  for (const hostname of hosts) {
    const persistenceFile = `${directory.path}/${hostname}`;
    const flags = ["--persistence.interval=1s", ...pushgatewayFlags];
    const options = { hostname, port, persistenceFile, flags };
    members.push(stack.use(await startPushgateway(options)));
  }
  const config = (servers: readonly Pushgateway[]) =>
    `mode: auto\n` +
    `consul_server: {addr: "${consul.address}", check_interval: ${checkInterval}, ` +
    `check_timeout: 1s}\n` +
    `pushgateway: {port: ${port}, servers: [${servers.map(({ hostname }) => hostname)}]}\n`;
  const servers = members.slice(0, configured);
  const services: Service[] = [];
  while (services.length < instances) {
    const options = { config: config(servers), flags: FLAGS, program };
    services.push(stack.use(await startService(options)));
  }
  for (const service of services) {
    await service.waitForMembers(servers.map(({ address }) => address));
    await service.waitForActive(servers.length);
    await service.waitUntilReady();
  }
  return { consul, members, services, config };
}

/** Applies a configuration to one instance. */
export async function reload(service: Service, config: string): Promise<void> {
  await service.configure(config);
  const { status, text } = await service.get("/-/reload", { method: "POST" });
  if (status !== 200) throw new Error(`reload: expected 200, found ${status}: ${text}`);
}

/** Registers a Pushgateway by hand, as an operator who scales out. */
export async function register(
  consul: Pick<ConsulAgent, "api">,
  { hostname, port, url }: Pushgateway,
): Promise<void> {
  const body = JSON.stringify({
    ID: "by-hand",
    Name: "pushgateway",
    Address: hostname,
    Port: port,
    Check: { HTTP: `${url}/-/healthy`, Interval: "1s", Timeout: "1s", Status: "passing" },
  });
  const response = await consul.api("/v1/agent/service/register", { method: "PUT", body });
  const text = await response.text();
  if (!response.ok) throw new Error(`register: expected 200, found ${response.status}: ${text}`);
}

/** A member as `GET /api/v1/members` shows it. */
export interface MemberJson {
  readonly member: string;
  readonly state: string;
  readonly groups?: number;
  readonly drained: boolean;
  readonly drain?: { readonly groups: number; readonly moved: number };
}

/** What an instance says of a member. */
export async function memberOf(service: Service, address: string): Promise<MemberJson | undefined> {
  const { text } = await service.get("/api/v1/members");
  const { data } = JSON.parse(text) as { data: MemberJson[] };
  return data.find(({ member }) => member === address);
}
