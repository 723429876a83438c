/** What a page of metrics shows of groups, to the byte. @module */

import assert from "node:assert/strict";
import { createProtobufPage } from "../../src/pushgateway/pages/protobuf_page.ts";

/** What a Pushgateway adds to each group. */
export const TIMES: readonly string[] = ["push_time_seconds", "push_failure_time_seconds"];

const PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;" +
  "encoding=delimited;escaping=allow-utf-8";

/**
 * Every metric of a Pushgateway's page but its own ones and the times of pushes, sorted.
 *
 * @param url of the Pushgateway
 * @returns family, type and the bytes of the `Metric` message, a character each
 */
export async function groupMetrics(
  { url, path = "/metrics" }: { readonly url: string; readonly path?: string },
): Promise<string[]> {
  const response = await fetch(`${url}${path}`, { headers: { accept: PROTOBUF } });
  const bytes = await response.bytes();
  assert.equal(response.status, 200, new TextDecoder().decode(bytes));
  const metrics: string[] = [];
  const page = createProtobufPage({
    metric(bytes, { name, type }) {
      const text = new TextDecoder("latin1").decode(bytes);
      if (!TIMES.includes(name) && text.includes("job")) metrics.push(`${name} ${type} ${text}`);
    },
  });
  page.take(bytes);
  page.end();
  return metrics.sort();
}
