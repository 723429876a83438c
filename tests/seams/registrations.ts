/** Members that are registered in Consul by other hands than the service's. @module */

import type { ConsulAgent } from "../../tools/consul.ts";

/** Registers a member with an agent, which checks it over HTTP. */
export async function registerWith(
  agent: ConsulAgent,
  id: string,
  { address, interval, checked = "/-/healthy" }: {
    /** `HOST:PORT` */
    readonly address: string;
    /** Between two checks. */
    readonly interval: string;
    /** What is asked for by them. */
    readonly checked?: string;
  },
): Promise<void> {
  const { hostname, port } = new URL(`http://${address}`);
  const body = JSON.stringify({
    ID: id,
    Name: "pushgateway",
    Address: hostname,
    Port: Number(port),
    Check: { HTTP: `http://${address}${checked}`, Interval: interval },
  });
  const answer = await agent.api("/v1/agent/service/register", { method: "PUT", body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`registration of ${id}: found ${answer.status}: ${text}`);
}
