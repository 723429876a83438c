/** What a real Consul says of the members. @module */

import type { ConsulAgent } from "../../tools/consul.ts";

interface Entry {
  readonly Service: { readonly ID: string };
  readonly Checks: readonly { readonly Status: string }[];
}

/** Each instance of the service, by its ID: whether all of its checks pass. */
export async function consulHealth(
  consul: Pick<ConsulAgent, "api">,
): Promise<Record<string, "passing" | "critical">> {
  const response = await consul.api("/v1/health/service/pushgateway");
  const entries = await response.json() as Entry[];
  return Object.fromEntries(entries.map(({ Service, Checks }) => {
    const passing = Checks.every(({ Status }) => Status === "passing");
    return [Service.ID, passing ? "passing" : "critical"];
  }));
}

/** Takes an instance out, as an operator does by hand. */
export async function deregister(consul: Pick<ConsulAgent, "api">, id: string): Promise<void> {
  const response = await consul.api(`/v1/agent/service/deregister/${id}`, { method: "PUT" });
  const text = await response.text();
  if (!response.ok) throw new Error(`deregister ${id}: status ${response.status}: ${text}`);
}
