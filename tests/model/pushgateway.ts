/**
 * A Pushgateway in memory: what it answers to pushes and deletions, and its pages, as the real ones of
 * `shared/spec` do it, as far as this service looks. Its clock is its own. Pure state.
 *
 * @module
 */

import { parseGroupId } from "../../src/group/group.ts";
import { headerValue } from "../../src/wire/headers.ts";
import type { Answer } from "../../src/pushgateway/client/answer.ts";
import type { UpstreamRequest } from "../../src/pushgateway/client/transport.ts";
import { splitFamilies, typeOfFamily } from "../../src/pushgateway/pages/family.ts";
import { createProtobufPage } from "../../src/pushgateway/pages/protobuf_page.ts";
import { gaugeValue } from "../../src/pushgateway/pages/series.ts";
import { delimited, message } from "../pushgateway/pages/protobuf_message.ts";

/** A metric family of one group: of one series at most. */
export interface Family {
  readonly type: string;
  readonly help: string;
  /** Absent: it has no metrics. */
  readonly value?: number;
}

/** One group as it lies on a Pushgateway. */
export interface Group {
  readonly families: ReadonlyMap<string, Family>;
  /** Unix seconds by the Pushgateway's clock; 0: no push has ever been taken. */
  readonly pushTime: number;
  /** 0: none has failed. */
  readonly failureTime: number;
}

/** One Pushgateway. */
export interface ModelPushgateway {
  /** What it holds, by the groups' paths: what waits is done. Its pages show it later. */
  readonly groups: ReadonlyMap<string, Group>;
  /** It refuses pushes with 400: what they carry contradicts other groups. */
  refusing: boolean;
  /** Answers a request, at once. */
  answer(request: UpstreamRequest): Answer;
  /** Its process is another one, which has the same groups, or none, or those of a file. */
  restart(keeps: boolean | ReadonlyMap<string, Group>): void;
}

/** What a Pushgateway in memory takes. */
export interface PushgatewayDeps {
  /** No other one has it: two of them never start in the same nanosecond. */
  readonly number: number;
  /** Its clock, Unix in ms. */
  readonly clock: () => number;
  /** Called after each change of a group. */
  readonly onChange: (path: string) => void;
  /**
   * It checks no push: it answers, and takes each so long after, in turn. Absent: it answers a push when it
   * has taken it, and deletes a moment after it has answered.
   */
  readonly queueMs?: () => number;
}

const encoder = new TextEncoder();
const PUSH_TIME = "push_time_seconds";
const FAILURE_TIME = "push_failure_time_seconds";
const START_TIME = "process_start_time_seconds";
const GAUGE = 1;
/** Families that the Pushgateway shows of itself; its pages end with one of them. */
const OWN_FAMILY = "# TYPE pushgateway_build_info gauge\npushgateway_build_info 1\n";
const NOTHING = new Uint8Array();
/** A deletion is queued by every Pushgateway. */
const DELETION_MS = 2;

/** Creates an empty one. */
export function createPushgateway(
  { number, clock, onChange, queueMs }: PushgatewayDeps,
): ModelPushgateway {
  const groups = new Map<string, Group>();
  /** As its pages have them. */
  const shown = new Map<string, Group>();
  /** What its pages do not show yet. */
  const queue: { readonly path: string; readonly group: Group | undefined }[] = [];
  let lastDueMs = 0;
  let processes = 0;
  let started = clock();
  /** No two pushes have one time. */
  let lastTime = 0;

  function timeNow(): number {
    lastTime = Math.max(clock() / 1_000, lastTime + 1e-6);
    return lastTime;
  }

  function show(count: number): void {
    for (const { path, group } of queue.splice(0, count)) {
      if (group) shown.set(path, group);
      else shown.delete(path);
    }
  }

  /** Changes a group; its pages show that as late as it is said. */
  function change(path: string, group: Group | undefined, lateMs: number): void {
    if (group) groups.set(path, group);
    else groups.delete(path);
    const one = { path, group };
    queue.push(one);
    if (lateMs > 0) {
      lastDueMs = Math.max(lastDueMs, performance.now() + lateMs);
      setTimeout(() => show(queue.indexOf(one) + 1), lastDueMs - performance.now());
    } else show(queue.length);
    onChange(path);
  }

  const set = (path: string, group: Group) => change(path, group, queueMs?.() ?? 0);

  function push({ method, target: path, headers, body = NOTHING }: UpstreamRequest): number {
    const before = groups.get(path);
    const pushed = familiesIn(body, headerValue(headers, "content-type") ?? "");
    if (!pushed || (pushgateway.refusing && !queueMs)) {
      const empty: Group = { families: new Map(), pushTime: 0, failureTime: 0 };
      set(path, { ...before ?? empty, failureTime: timeNow() });
      return queueMs ? 202 : 400;
    }
    const kept = method === "POST" ? before?.families ?? [] : [];
    const families = new Map([...kept, ...pushed]);
    const failureTime = families.get(FAILURE_TIME)?.value ?? before?.failureTime ?? 0;
    families.delete(FAILURE_TIME);
    set(path, { families, pushTime: timeNow(), failureTime });
    return queueMs ? 202 : 200;
  }

  function respond(request: UpstreamRequest): { status: number; body?: string | Uint8Array } {
    const { method, target } = request;
    switch (target) {
      case "/-/healthy":
        return { status: 200, body: "OK" };
      case "/api/v1/status": {
        const start_time = `${new Date(started).toISOString()}#${number}.${processes}`;
        const flags = { "push.disable-consistency-check": String(queueMs !== undefined) };
        const data = { build_information: {}, flags, start_time };
        return { status: 200, body: JSON.stringify({ status: "success", data }) };
      }
      case "/api/v1/metrics":
        return { status: 200, body: jsonPage(shown) };
      case "/metrics": {
        const accept = headerValue(request.headers, "accept") ?? "";
        const isProtobuf = accept.startsWith("application/vnd.google.protobuf");
        const page = isProtobuf ? protobufPage : textPage;
        return { status: 200, body: page(shown, started / 1_000) };
      }
      default:
        if (method !== "DELETE") return { status: push(request) };
        if (groups.has(target)) change(target, undefined, queueMs?.() ?? DELETION_MS);
        return { status: 202 };
    }
  }

  const pushgateway: ModelPushgateway = {
    groups,
    refusing: false,
    answer(request) {
      const { status, body = "" } = respond(request);
      const bytes = typeof body === "string" ? encoder.encode(body) : body;
      const headers = ["date", new Date(clock()).toUTCString()];
      return { status, headers, body: new Uint8Array(bytes) };
    },
    restart(keeps) {
      processes++;
      started = clock();
      show(queue.length);
      if (keeps === true) return;
      const paths = new Set(groups.keys());
      groups.clear();
      shown.clear();
      for (const [path, group] of keeps || []) {
        paths.add(path);
        for (const all of [groups, shown]) all.set(path, group);
      }
      for (const path of paths) onChange(path);
    },
  };
  return pushgateway;
}

/** What a body carries; `undefined` where the Pushgateway would refuse it. */
function familiesIn(body: Uint8Array, contentType: string): Map<string, Family> | undefined {
  return contentType.startsWith("application/vnd.google.protobuf")
    ? protobufFamilies(body)
    : textFamilies(new TextDecoder().decode(body));
}

function protobufFamilies(body: Uint8Array): Map<string, Family> {
  const families = new Map<string, Family>();
  for (const { name, bytes, ...head } of splitFamilies(body)) {
    let [help, value]: [string, number | undefined] = ["", undefined];
    const page = createProtobufPage({
      metric: (metric) => value = gaugeValue(metric),
      familyEnd: (head) => help = new TextDecoder().decode(head.help),
    });
    page.take(bytes);
    page.end();
    const type = typeOfFamily(head);
    families.set(name, { type, help, ...(value !== undefined && { value }) });
  }
  return families;
}

/** Gauges without labels. */
function textFamilies(text: string): Map<string, Family> | undefined {
  const families = new Map<string, Family>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [name, value, timestamp] = line.split(" ");
    if (timestamp !== undefined) return undefined;
    families.set(name, { type: "gauge", help: "", value: Number(value) });
  }
  return families;
}

/** The series of all groups, by family. */
function seriesOf(groups: ReadonlyMap<string, Group>) {
  const families = new Map<string, { labels: [string, string][]; value: number; type: string }[]>();
  const add = (name: string, one: { labels: [string, string][]; value: number; type: string }) =>
    families.set(name, [...families.get(name) ?? [], one]);
  for (const [path, { families, pushTime, failureTime }] of groups) {
    const labels = seriesLabels(path);
    for (const [name, { type, value }] of families) {
      if (value !== undefined) add(name, { labels, value, type });
    }
    add(FAILURE_TIME, { labels, value: failureTime, type: "gauge" });
    add(PUSH_TIME, { labels, value: pushTime, type: "gauge" });
  }
  return [...families].sort(([a], [b]) => (a < b ? -1 : 1));
}

function textPage(groups: ReadonlyMap<string, Group>, started: number): string {
  const page = seriesOf(groups).flatMap(([name, series]) => [
    `# TYPE ${name} ${series[0].type}\n`,
    ...series.map(({ labels, value }) => {
      const pairs = labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",");
      return `${name}{${pairs}} ${value}\n`;
    }),
  ]);
  const own = `# TYPE ${START_TIME} gauge\n${START_TIME} ${started}\n`;
  return page.join("") + own + OWN_FAMILY;
}

function protobufPage(groups: ReadonlyMap<string, Group>, started: number): Uint8Array {
  return delimited(
    message([[1, START_TIME], [3, GAUGE], [4, metricOf([], started)]]),
    ...seriesOf(groups).map(([name, series]) =>
      message([
        [1, name],
        [3, GAUGE],
        ...series.map(({ labels, value }) => [4, metricOf(labels, value)] as const),
      ])
    ),
  );
}

function metricOf(labels: readonly [string, string][], value: number): Uint8Array {
  const pairs = labels.map(([name, value]) => [1, [[1, name], [2, value]]] as const);
  return message([...pairs, [2, [[1, { double: value }]]]]);
}

function jsonPage(groups: ReadonlyMap<string, Group>): string {
  const data = [...groups].map(([path, { families, pushTime, failureTime }]) => {
    const labels = Object.fromEntries(seriesLabels(path));
    const family = ({ type, help, value }: Family) => ({
      type: type.toUpperCase(),
      help,
      metrics: value === undefined ? [] : [{ labels, value: String(value) }],
    });
    const time = (value: number) => family({ type: "gauge", help: "", value });
    return {
      labels: Object.fromEntries(groupLabels(path)),
      last_push_successful: String(pushTime >= failureTime),
      ...Object.fromEntries([...families].map(([name, one]) => [name, family(one)])),
      [PUSH_TIME]: time(pushTime),
      [FAILURE_TIME]: time(failureTime),
    };
  });
  return JSON.stringify({ status: "success", data });
}

function groupLabels(path: string): [string, string][] {
  const { job, labels } = parseGroupId(path);
  return [["job", job], ...labels];
}

/** A Pushgateway shows a group without an instance with an empty one. */
function seriesLabels(path: string): [string, string][] {
  const labels = groupLabels(path);
  const isThere = labels.some(([name]) => name === "instance");
  return isThere ? labels : [["instance", ""], ...labels];
}
