/** The form of the JSON answers below `/api/v1/`, which is the one of Prometheus's own API. @module */

import { jsonReply, type Reply } from "../message.ts";

/** The values of `errorType`, by status. */
const ERROR_TYPES = {
  400: "bad_data",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  409: "conflict",
  429: "busy",
  502: "upstream",
  503: "unavailable",
} as const;

/** The statuses of a refusal. */
export type FailureStatus = keyof typeof ERROR_TYPES;

/** Creates the answer to a request that succeeded. */
export function success(data: unknown, status = 200, headers: readonly string[] = []): Reply {
  return jsonReply(status, { status: "success", data }, headers);
}

/**
 * Creates the answer to a request that failed.
 *
 * @param data what was done nevertheless
 */
export function failure(
  status: FailureStatus,
  error: string,
  { headers = [], data }: { readonly headers?: readonly string[]; readonly data?: unknown } = {},
): Reply {
  const body = { status: "error", errorType: ERROR_TYPES[status], error, data };
  return jsonReply(status, body, headers);
}
