/** Puts groups together from what JSON and protobuf each tell of them. Pure. @module */

import { groupId, groupOfLabels } from "../group/group.ts";
import { concat } from "./pages/concat.ts";
import { encodeFamily, typeName } from "./pages/family.ts";
import type { JsonFamily, JsonGroup, LabelPairs } from "./pages/json_group.ts";
import type { FamilyHead } from "./pages/protobuf_page.ts";
import { PARTIAL_FAMILY } from "./partial.ts";
import { gaugeValue, keyOfLabels, keyOfMetric } from "./pages/series.ts";

/** A whole group. */
export interface GroupContent {
  readonly id: string;
  /** Unix seconds, the member's own clock. */
  readonly pushTime: number;
  /** Unix seconds of the last failed push; 0: none. */
  readonly failureTime: number;
  /**
   * Delimited protobuf `MetricFamily` messages: what a PUT has to carry for an exact copy; empty for
   * a group without metrics.
   */
  readonly body: Uint8Array;
  /** It is marked: older copies may hold families that belong to it. */
  readonly partial: boolean;
}

/** What has become of a group that was asked for, and was there. */
export type GroupReading =
  | { readonly kind: "content"; readonly content: GroupContent }
  /** It was pushed or deleted while it was read; another reading may tell. */
  | { readonly kind: "changed"; readonly reason: string }
  /** A copy would not be exact; why, for an operator. */
  | { readonly kind: "unfaithful"; readonly reason: string };

/** Takes the groups of one member first, and then the metrics of its page. */
export interface GroupJoin {
  /** How many of the groups asked for have come. */
  readonly size: number;
  /** @throws {TypeError} where it is no group of the API */
  takeGroup(group: JsonGroup): void;
  /** @throws {SyntaxError} where the bytes are no `Metric` message */
  takeMetric(metric: Uint8Array, family: FamilyHead): void;
  /** What both make together, by group ID. */
  readings(): Map<string, GroupReading>;
  /** One reading for all groups where there is no page. */
  unfaithful(reason: string): Map<string, GroupReading>;
}

interface Wanted {
  readonly id: string;
  readonly json: JsonGroup;
  readonly families: readonly WantedFamily[];
  /** Why it cannot be copied, as far as is known. */
  problem?: string;
  /** As the page has it. */
  pushTime?: number;
}

interface WantedFamily extends JsonFamily {
  /** In the order of `series`. */
  readonly metrics: Uint8Array[];
  head?: FamilyHead;
}

/** Where a metric of the page belongs; without a family it is a push time. */
interface Place {
  readonly group: Wanted;
  readonly family?: WantedFamily;
  readonly index: number;
}

const PUSH_TIME = "push_time_seconds";
/** Stands in JSON for bytes that are no UTF-8. */
const REPLACEMENT = "\ufffd";

/** @param ids of the groups asked for */
export function createGroupJoin(ids: ReadonlySet<string>): GroupJoin {
  const groups = new Map<string, Wanted>();
  /** By family and key of the series. */
  const places = new Map<string, Map<string, Place>>();
  let latest:
    | { readonly head: FamilyHead; readonly places: Map<string, Place> | undefined }
    | undefined;

  function expect(name: string, labels: LabelPairs, place: Place): void {
    const series = places.get(name) ?? new Map<string, Place>();
    places.set(name, series);
    const key = keyOfLabels(labels);
    const other = series.get(key);
    if (other) {
      for (const { group } of [other, place]) {
        group.problem ??= `its series ${show(name, labels)} is in its member's API twice`;
      }
    }
    series.set(key, place);
  }

  return {
    get size() {
      return groups.size;
    },
    takeGroup(json) {
      const id = groupId(groupOfLabels(json.labels));
      if (!ids.has(id)) return;
      const known = groups.get(id);
      if (known) {
        known.problem = "its member holds it with an empty instance label and without";
        return;
      }
      const families = json.families().map((family) => ({ ...family, metrics: [] }));
      const group: Wanted = { id, json, families, problem: problemOf(json, families) };
      groups.set(id, group);
      expect(PUSH_TIME, json.pushTimeLabels, { group, index: 0 });
      for (const family of families) {
        family.series.forEach((labels, index) =>
          expect(family.name, labels, { group, family, index })
        );
      }
    },
    takeMetric(metric, head) {
      if (latest?.head !== head) latest = { head, places: places.get(head.name) };
      const place = latest.places?.get(keyOfMetric(metric));
      if (place) fill(place, metric, head);
    },
    readings: () => new Map([...groups].map(([id, group]) => [id, readingOf(group)])),
    unfaithful: (reason) =>
      new Map([...groups].map(([id, { problem }]) => [
        id,
        { kind: "unfaithful", reason: problem ?? reason },
      ])),
  };
}

function problemOf(json: JsonGroup, families: readonly JsonFamily[]): string | undefined {
  if (json.labels.some((pair) => pair.some((text) => text.includes(REPLACEMENT)))) {
    return "its labels are not UTF-8";
  }
  if (families.some(({ name }) => name === "")) return "it has a metric family without a name";
  return undefined;
}

function fill({ group, family, index }: Place, metric: Uint8Array, head: FamilyHead): void {
  if (!family) {
    group.pushTime = gaugeValue(metric);
    return;
  }
  if (family.metrics[index]) {
    const series = show(family.name, family.series[index]);
    group.problem ??= `its series ${series} is on its member's /metrics twice`;
  }
  family.metrics[index] = new Uint8Array(metric); // a copy: the bytes are only good during the call
  family.head ??= head;
}

function readingOf(group: Wanted): GroupReading {
  const { id, json, families } = group;
  if (group.problem !== undefined) return { kind: "unfaithful", reason: group.problem };
  if (group.pushTime === undefined) return { kind: "changed", reason: "it was deleted meanwhile" };
  if (group.pushTime !== json.pushTime) {
    return { kind: "changed", reason: "it was pushed meanwhile" };
  }
  const pieces: Uint8Array[] = [];
  for (const family of families) {
    const problem = familyProblem(family);
    if (problem !== undefined) return { kind: "unfaithful", reason: problem };
    pieces.push(...encodeFamily(family));
  }
  const content: GroupContent = {
    id,
    pushTime: json.pushTime,
    failureTime: json.failureTime,
    body: concat(pieces),
    partial: families.some(({ name }) => name === PARTIAL_FAMILY),
  };
  return { kind: "content", content };
}

function familyProblem({ name, type, series, metrics, head }: WantedFamily): string | undefined {
  const missing = series.find((_, index) => !metrics[index]);
  if (missing) return `its series ${show(name, missing)} is not on its member's /metrics`;
  if (!head) return undefined;
  const found = typeName(head);
  if (found === undefined) return `its family ${name} is of no type that is known`;
  if (found === type) return undefined;
  return `its family ${name} is a ${type}, and a ${found} on its member's /metrics`;
}

function show(name: string, labels: LabelPairs): string {
  return `${name}{${labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}}`;
}
