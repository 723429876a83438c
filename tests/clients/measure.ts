/** One push by a real client through the service, and what became of it. @module */

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Service } from "../integration/service.ts";
import { type Client, type Method, type Outcome, pathOf, pushWith } from "./client.ts";
import type { Fleet, Mode } from "./fleet.ts";

/** What a push came to. */
export interface Measured {
  readonly outcome: Outcome;
  /** The client's own words where it says that it failed. */
  readonly error?: string;
  /** Whether the service answered it with a 307. */
  readonly redirected: boolean;
}

/**
 * Has the client change a group that its owner holds already, and looks at every Pushgateway.
 *
 * @throws {AssertionError} where the push was done by halves, twice or elsewhere, or was done and
 *   the client says that it was not
 */
export async function measure(
  { client, method, mode, front }: {
    client: Client;
    method: Method;
    mode: Mode;
    /** What the client pushes to, where that is not the service itself. */
    front?: { readonly name: string; readonly address: string };
  },
  fleet: Fleet,
): Promise<Measured> {
  const service = fleet.services[mode];
  const job = client.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  // No other push touches this group.
  const group = { job, instance: `${front?.name ?? "direct"}-${mode}-${method}` };
  const owner = await service.ownerOf(pathOf(group));
  await fleet.seed(group, "seed");
  const before = { [owner]: { seed: "1" } };
  assert.deepEqual(await fleet.holders(group), before);

  const answersBefore = await countAnswers(service, method);
  const { error, status } = await pushWith(client, {
    method,
    address: front?.address ?? new URL(service.url).host,
    group,
    metric: "pushed",
    value: 2,
  });
  const answers = await countAnswers(service, method);
  const redirected = answers.redirects > answersBefore.redirects;
  const after = await fleet.holders(group);

  const wanted = {
    PUT: { [owner]: { pushed: "2" } },
    POST: { [owner]: { seed: "1", pushed: "2" } },
    DELETE: {},
  }[method];
  const saysDone = error === undefined && (status === undefined || status < 300);
  if (saysDone && isDeepStrictEqual(after, wanted)) {
    assert.equal(answers.all - answersBefore.all, 1, "the service is asked once");
    return { outcome: "works", redirected };
  }
  assert.deepEqual(after, before, "a push that does not succeed changes nothing");
  return { outcome: outcomeOfFailure(error, status), error, redirected };
}

/** How many requests of a method the service has answered, and with a 307. */
async function countAnswers(
  service: Service,
  method: Method,
): Promise<{ all: number; redirects: number }> {
  const { text } = await service.get("/metrics");
  const line = /^dynamic_sharding_http_requests_total\{method="(.+)",code="(.+)"\} (\d+)$/gm;
  const count = { all: 0, redirects: 0 };
  for (const [, of, code, number] of text.matchAll(line)) {
    if (of !== method) continue;
    count.all += Number(number);
    if (code === "307") count.redirects += Number(number);
  }
  return count;
}

function outcomeOfFailure(error: string | undefined, status: number | undefined): Outcome {
  if (error !== undefined) return "error";
  if (status === 307) return "answers 307";
  assert(status === undefined || status < 300, `an answer that nobody expects: ${status}`);
  return "lost";
}
