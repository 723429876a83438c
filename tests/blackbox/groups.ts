/** The groups of the load, and what is pushed to them. Pure. @module */

/** How a group is pushed. */
export type GroupKind =
  /** Each POST adds a family of its own. */
  | "post"
  /** Each PUT replaces the one family, whose value only grows. */
  | "put";

/** One group; its path is its name. */
export interface Group {
  readonly kind: GroupKind;
  readonly path: string;
}

/** The family of the groups that are PUT. */
export const TOTAL = "p_total";

const GROUPS = 40;

/**
 * The groups: of every ten one is PUT, and two have no `instance` label.
 *
 * @param times so many times as many
 */
export function manyGroups(times = 1): readonly Group[] {
  return Array.from({ length: GROUPS * times }, (_, i) => ({
    kind: i % 10 === 9 ? "put" : "post",
    path: i % 5 === 2 ? pathOf({ job: `soak-${i}` }) : pathOf({ job: "soak", instance: `g${i}` }),
  }));
}

/** The path of a group, by the labels that a Pushgateway tells. */
export function pathOf({ job, instance }: { readonly job: string; readonly instance?: string }) {
  return `/metrics/job/${job}${instance ? `/instance/${instance}` : ""}`;
}

/** The family of a POST: no other push has it. */
export function familyOf(number: number): string {
  return `f_${number}`;
}

/** The text of a push. */
export function bodyOf(family: string, value: number): string {
  return `${family} ${value}\n`;
}
