/** The rights that the token needs, as rules of an ACL policy. Pure. @module */

import { ROOT } from "./keys.ts";

/** What a rule is needed for. */
export type RightKind = "service" | "nodes" | "sessions" | "keys";

/** The rules of the policy, each in one line. */
export function policyRules(serviceName: string): Readonly<Record<RightKind, string>> {
  return {
    service: `service "${serviceName}" { policy = "write" }`,
    nodes: 'node_prefix "" { policy = "read" }',
    sessions: 'session_prefix "" { policy = "write" }',
    keys: `key_prefix "${ROOT}/" { policy = "write" }`,
  };
}

/** The right that a request to Consul's API needs. */
export function rightFor(path: string): RightKind {
  if (path.startsWith("/v1/catalog/")) return "nodes";
  if (path.startsWith("/v1/session/")) return "sessions";
  if (path.startsWith("/v1/kv/") || path === "/v1/txn") return "keys";
  return "service";
}
