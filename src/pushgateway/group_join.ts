/** Joins the JSON and the protobuf of groups. Pure. @module */

import { groupId, groupOfLabels } from "../group/group.ts";
import { encodeFamilies, typeName } from "./pages/family.ts";
import type { JsonFamily, JsonGroup } from "./pages/json_group.ts";
import type { FamilyHead } from "./pages/protobuf_page.ts";
import { PARTIAL_FAMILY } from "./partial.ts";
import { gaugeValue, keyOfLabels, keyOfMetric, labelsOfKey, latin1Of } from "./pages/series.ts";

/** A whole group. */
export interface GroupContent {
  readonly id: string;
  /** When the group was pushed, in Unix seconds of the member's clock. */
  readonly pushTime: number;
  /** When the last push failed, in Unix seconds; 0 if none has. */
  readonly failureTime: number;
  /**
   * Delimited protobuf `MetricFamily` messages: the body of a PUT for an exact copy. Empty for a group
   * without metrics.
   */
  readonly body: Uint8Array;
  /** Whether the group is marked as partial: older copies may hold families that belong to it. */
  readonly partial: boolean;
}

/** The result for a wanted group that the member holds. */
export type GroupReading =
  | { readonly kind: "content"; readonly content: GroupContent }
  /** The group was pushed or deleted while it was read. It may be read again. */
  | { readonly kind: "changed"; readonly reason: string }
  /** A copy would not be exact. The reason is for operators. */
  | { readonly kind: "unfaithful"; readonly reason: string };

/** The IDs of the groups to join. */
export interface WantedGroups {
  has(id: string): boolean;
}

/** Joins groups. It takes the groups of one member first, and then the metrics of its page. */
export interface GroupJoin {
  /** How many of the wanted groups were taken. */
  readonly size: number;
  /** How many of them were not taken, because of the memory limit. */
  readonly left: number;
  /** @throws {TypeError} if it is not a group of the API */
  takeGroup(group: JsonGroup): void;
  /** @throws {SyntaxError} if the bytes are not a `Metric` message */
  takeMetric(metric: Uint8Array, family: FamilyHead): void;
  /** Returns the joined groups by group ID. It is a generator because there may be many. */
  readings(): Generator<void, Map<string, GroupReading>>;
  /** Returns a reading for all groups if there is no page. */
  unfaithful(reason: string): Map<string, GroupReading>;
}

interface Wanted extends Pick<JsonGroup, "pushTime" | "failureTime"> {
  readonly id: string;
  readonly families: readonly WantedFamily[];
  /** Why the group cannot be copied exactly, if that is known. */
  problem?: string;
  /** The push time on the page. */
  pageTime?: number;
}

interface WantedFamily extends Pick<JsonFamily, "name" | "type" | "help"> {
  /** The keys of its series. */
  readonly keys: readonly string[];
  /**
   * In the same order, with one character for each byte: this takes a third of the memory of small arrays.
   */
  readonly metrics: string[];
  head?: FamilyHead;
}

/** Where a metric of the page belongs. Without a family it is a push time. */
interface Place {
  readonly group: Wanted;
  readonly family?: WantedFamily;
  readonly index: number;
}

const PUSH_TIME = "push_time_seconds";
/** Groups between two pauses for other work. */
const GROUPS_A_STEP = 64;
/** The JSON API writes this in place of bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";

/**
 * Creates a join of no groups.
 *
 * @param wanted the IDs of the wanted groups
 * @param bytesMax groups are taken up to so many bytes of JSON, but at least one
 */
export function createGroupJoin(wanted: WantedGroups, bytesMax = Infinity): GroupJoin {
  const groups = new Map<string, Wanted>();
  let [left, bytes] = [0, 0];
  /** By family, and by key of the series. */
  const places = new Map<string, Map<string, Place>>();
  let latest:
    | { readonly head: FamilyHead; readonly places: Map<string, Place> | undefined }
    | undefined;

  function expect(name: string, key: string, place: Place): void {
    const series = places.get(name) ?? new Map<string, Place>();
    places.set(name, series);
    const other = series.get(key);
    if (other) {
      for (const { group } of [other, place]) {
        group.problem ??= `its series ${show(name, key)} is in its member's API twice`;
      }
    }
    series.set(key, place);
  }

  return {
    get size() {
      return groups.size;
    },
    get left() {
      return left;
    },
    takeGroup(json) {
      const id = groupId(groupOfLabels(json.labels));
      if (!wanted.has(id)) return;
      const known = groups.get(id);
      if (known) {
        known.problem = "its member holds it with an empty instance label and without";
        return;
      }
      if (bytes > 0 && bytes + json.bytes > bytesMax) {
        left++;
        return;
      }
      bytes += json.bytes;
      const families = json.families().map(({ name, type, help, series }): WantedFamily => (
        { name, type, help, keys: series.map(keyOfLabels), metrics: [] }
      ));
      const { pushTime, failureTime } = json;
      const group: Wanted = { id, pushTime, failureTime, families };
      const problem = problemOf(json, families);
      if (problem !== undefined) group.problem = problem;
      groups.set(id, group);
      expect(PUSH_TIME, keyOfLabels(json.pushTimeLabels), { group, index: 0 });
      for (const family of families) {
        family.keys.forEach((key, index) => expect(family.name, key, { group, family, index }));
      }
    },
    takeMetric(metric, head) {
      if (latest?.head !== head) latest = { head, places: places.get(head.name) };
      const place = latest.places?.get(keyOfMetric(metric));
      if (place) fill(place, metric, head);
    },
    *readings() {
      const readings = new Map<string, GroupReading>();
      for (const [id, group] of groups) {
        readings.set(id, readingOf(group));
        if (readings.size % GROUPS_A_STEP === 0) yield;
      }
      return readings;
    },
    unfaithful: (reason) =>
      new Map([...groups].map(([id, { problem }]) => [
        id,
        { kind: "unfaithful", reason: problem ?? reason },
      ])),
  };
}

function problemOf(json: JsonGroup, families: readonly WantedFamily[]): string | undefined {
  if (json.labels.some((pair) => pair.some((text) => text.includes(REPLACEMENT)))) {
    return "its labels are not UTF-8";
  }
  if (families.some(({ name }) => name === "")) return "it has a metric family without a name";
  return undefined;
}

function fill({ group, family, index }: Place, metric: Uint8Array, head: FamilyHead): void {
  if (!family) {
    group.pageTime = gaugeValue(metric);
    return;
  }
  if (family.metrics[index] !== undefined) {
    const series = show(family.name, family.keys[index]);
    group.problem ??= `its series ${series} is on its member's /metrics twice`;
  }
  family.metrics[index] = latin1Of(metric);
  family.head ??= head;
}

function readingOf(group: Wanted): GroupReading {
  const { id, families, pushTime, failureTime, pageTime } = group;
  if (group.problem !== undefined) return { kind: "unfaithful", reason: group.problem };
  if (pageTime === undefined) return { kind: "changed", reason: "it was deleted meanwhile" };
  if (pageTime !== pushTime) {
    return { kind: "changed", reason: "it was pushed meanwhile" };
  }
  for (const family of families) {
    const problem = familyProblem(family);
    if (problem !== undefined) return { kind: "unfaithful", reason: problem };
  }
  const content: GroupContent = {
    id,
    pushTime,
    failureTime,
    body: encodeFamilies(families),
    partial: families.some(({ name }) => name === PARTIAL_FAMILY),
  };
  return { kind: "content", content };
}

function familyProblem({ name, type, keys, metrics, head }: WantedFamily): string | undefined {
  const missing = keys.find((_, index) => metrics[index] === undefined);
  if (missing !== undefined) {
    return `its series ${show(name, missing)} is not on its member's /metrics`;
  }
  if (!head) return undefined;
  const found = typeName(head);
  if (found === undefined) return `its family ${name} is of no type that is known`;
  if (found === type) return undefined;
  return `its family ${name} is a ${type}, and a ${found} on its member's /metrics`;
}

function show(name: string, key: string): string {
  const labels = labelsOfKey(key);
  return `${name}{${labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}}`;
}
