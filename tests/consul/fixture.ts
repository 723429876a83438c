/** Clients of a real Consul, and locks that run for as long as a test needs them. @module */

import { getLogger } from "@logtape/logtape";
import { type ConsulClient, openConsul } from "../../src/consul/client.ts";
import { createLocks, type Locks } from "../../src/consul/locks/locks.ts";
import type { Logger } from "../../src/log.ts";
import { Secret } from "../../src/config/secret.ts";
import type { ConsulAgent } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";

/** What the tests' keys begin with. */
export const PREFIX = "dynamic-sharding/pushgateway/lock/";

/** Opens a client with the agent's own token, or another. */
export function openClient(
  agent: ConsulAgent,
  token: string | undefined = agent.token,
): ConsulClient {
  const { hostname, port } = new URL(agent.url);
  return openConsul({
    scheme: "http",
    hostname,
    port: Number(port),
    ...(token !== undefined && { token: new Secret(token) }),
    serviceName: "pushgateway",
    check: { interval: "1s", timeout: "1s", deregisterAfter: "60s" },
  });
}

/** Locks that run. Disposal stops them. */
export interface RunningLocks extends Locks, AsyncDisposable {
  readonly consul: ConsulClient;
  stop(): Promise<void>;
}

/** How to run them. */
export interface LocksOptions {
  readonly log?: Logger;
  readonly token?: string;
  /** Changes what the client does. */
  readonly wrap?: (consul: ConsulClient) => ConsulClient;
  /** Not awaited where they cannot be had. */
  readonly ready?: boolean;
}

/** Runs locks by a client of their own, as another process would, and waits until they can be had. */
export async function startLocks(
  agent: ConsulAgent,
  { log = getLogger("nowhere"), token, wrap = (consul) => consul, ready = true }: LocksOptions = {},
): Promise<RunningLocks> {
  const client = openClient(agent, token);
  const consul = wrap(client);
  const locks = createLocks({ consul, prefix: PREFIX, random: Math.random, log });
  const end = new AbortController();
  const run = locks.run(end.signal);
  const stop = async () => {
    end.abort();
    await run;
  };
  if (ready) await waitFor(() => locks.state === "yes", { what: "locks" });
  return {
    run: locks.run,
    hold: locks.hold,
    holdMany: locks.holdMany,
    get state() {
      return locks.state;
    },
    sessions: locks.sessions,
    consul,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      client[Symbol.dispose]();
    },
  };
}

/** The keys below the tests' prefix and the sessions that hold them. */
export async function heldKeys(agent: ConsulAgent): Promise<Map<string, string | undefined>> {
  const response = await agent.api(`/v1/kv/${PREFIX}?recurse`);
  const text = await response.text();
  if (response.status === 404) return new Map();
  const keys: { Key: string; Session?: string }[] = JSON.parse(text);
  return new Map(keys.map(({ Key, Session }) => [Key.slice(PREFIX.length), Session]));
}

/** The sessions that locks made, by ID. */
export async function sessions(agent: ConsulAgent): Promise<string[]> {
  const response = await agent.api("/v1/session/list");
  const all: { ID: string }[] = await response.json();
  return all.map(({ ID }) => ID);
}

/** A request to Consul's API whose answer does not matter beyond its success. */
export async function tell(agent: ConsulAgent, method: string, path: string): Promise<void> {
  const response = await agent.api(path, { method });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${method} ${path}: expected 2xx, found ${response.status} ${text}`);
  }
}

/** Makes a token with these rights alone, by a policy with this ID; takes access control. */
export async function makeToken(
  consul: ConsulAgent,
  rules: string,
): Promise<{ id: string; accessor: string; token: string }> {
  const put = async (path: string, body: unknown) => {
    const response = await consul.api(path, { method: "PUT", body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`PUT ${path}: expected 2xx, found ${response.status} ${text}`);
    }
    return JSON.parse(text);
  };
  const policy = await put("/v1/acl/policy", { Name: crypto.randomUUID(), Rules: rules });
  const token = await put("/v1/acl/token", { Policies: [{ ID: policy.ID }] });
  return { id: policy.ID, accessor: token.AccessorID, token: token.SecretID };
}

/** Resolves when a signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
