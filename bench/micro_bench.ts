/**
 * What each step of placing a push costs by itself. Run by `micro.ts`, or by hand:
 *
 *     deno bench bench/micro_bench.ts
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type Group, placementKey } from "../src/group/group.ts";
import { isPlainPath } from "../src/group/plain_path.ts";
import { parsePushPath } from "../src/group/push_path.ts";
import { type Member, parseMember } from "../src/member.ts";
import { HashRing } from "../src/ring/hash_ring.ts";
import { murmur3 } from "../src/ring/murmur3.ts";
import { Recall } from "../src/wire/recall.ts";
import { createRequestReader } from "../src/wire/request_reader.ts";

/** A power of two: enough that neither a branch nor a cache learns them by heart. */
const PATHS = 4_096;

const paths = {
  plain: manyPaths((i) => `/metrics/job/backup-${i % 50}/env/production/instance/host-${i}`),
  percent: manyPaths((i) => `/metrics/job/backup%20${i % 50}/env/production/instance/host%2D${i}`),
  base64: manyPaths((i) => `/metrics/job/backup-${i % 50}/dir@base64/${btoa(`/srv/${1e8 + i}`)}`),
  unsorted: manyPaths((i) => `/metrics/job/backup-${i % 50}/instance/host-${i}/env/production`),
};
const groups = paths.plain.map(groupOf);

/** Keeps the compiler from dropping what is measured. */
let sink: unknown;
let turn = 0;

function bench<T>(name: string, inputs: readonly T[], step: (input: T) => unknown): void {
  Deno.bench(name, { permissions: "none" }, () => {
    sink = step(inputs[turn = (turn + 1) & (PATHS - 1)]);
  });
}

const heads = paths.plain.map(headOf);
const recall = new Recall();
const reader = createRequestReader();
createRequestReader(recall).readHead(heads[0]);

bench("readHead", heads, (bytes) => reader.readHead(bytes));
bench("recall.head", heads, (bytes) => recall.head(bytes, 0, bytes.length));
recall.head(heads[0], 0, heads[0].length);
const { fields } = recall;
bench("recall.head expected", heads, (bytes) => recall.head(bytes, 0, bytes.length, fields));
bench("murmur3", paths.plain, murmur3);
bench("isPlainPath", paths.plain, isPlainPath);
for (const [kind, inputs] of Object.entries(paths)) {
  bench(`parsePushPath ${kind}`, inputs, (path) => parsePushPath(path, "legacy"));
}
for (const count of [4, 100, 1_000]) {
  const weights = fleet(count);
  const ring = HashRing.of(weights);
  bench(`ownerOf ${count}`, paths.plain, (key) => ring.ownerOf(key));
  bench(`placementKey+ownerOf ${count}`, groups, (group) => ring.ownerOf(placementKey(group)));
  Deno.bench(`HashRing.of ${count}`, { permissions: "none" }, () => {
    sink = HashRing.of(weights);
  });
}
globalThis.addEventListener("unload", () => void sink); // what is never read is an error

function manyPaths(path: (i: number) => string): string[] {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  // Built of pieces a string is a tree; from bytes it is flat, as it comes from a request.
  return Array.from({ length: PATHS }, (_, i) => decoder.decode(encoder.encode(path(i))));
}

/** The head of a push as wrk sends it in the other parts. */
function headOf(path: string): Buffer {
  const fields = ["Host: 127.0.0.1:9292", "Content-Type: text/plain", "Content-Length: 22"];
  return Buffer.from(`PUT ${path} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
}

function groupOf(path: string): Group {
  const parsed = parsePushPath(path, "legacy");
  if (parsed.kind !== "group") throw new Error(`${path}: expected a group, found ${parsed.reason}`);
  return parsed.group;
}

function fleet(count: number): Map<Member, number> {
  const member = (i: number) => parseMember(`10.0.${i >> 8}.${i & 255}:9091`);
  return new Map(Array.from({ length: count }, (_, i) => [member(i), 1]));
}
