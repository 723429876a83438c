/** The groups of the load: some are pushed again and again, some once. Pure. @module */

/** How a group is pushed. */
export type GroupKind =
  /** Each push replaces it. */
  | "put"
  /** Each push merges; a second family came with the first one only. */
  | "post"
  /** Pushed once, before anything happens. */
  | "batch";

/** One group. */
export interface Group {
  readonly kind: GroupKind;
  /** Its `instance` label; no other group has it. */
  readonly name: string;
  readonly path: string;
}

/** The counter of groups that are pushed again and again: it only grows. */
export const COUNTER = "e2e_pushes_total";
/** What a POSTed group got with its first push, and a batch group with its only one. */
export const ONCE = "e2e_once";

const PUT_GROUPS = 40;
const POST_GROUPS = 20;
const BATCH_GROUPS = 60;
const MANY_GROUPS = 3_000;

/** The value of {@linkcode ONCE} in a group. */
export function onceValue({ name }: Group): number {
  return 1_000 + Number(name.slice(name.indexOf("-") + 1));
}

/** The groups that are pushed each second. */
export const LIVE = [...makeGroups("put", PUT_GROUPS), ...makeGroups("post", POST_GROUPS)];
/** The groups that are pushed once. */
export const BATCH = makeGroups("batch", BATCH_GROUPS);

/** More of them than a member can be rid of in a moment. */
export const MANY = makeGroups("batch", MANY_GROUPS);

/** The body of a live group's push. */
export function liveBody(group: Group, value: number): string {
  const counter = `# TYPE ${COUNTER} counter\n${COUNTER} ${value}\n`;
  return group.kind === "post" && value === 1 ? counter + onceBody(group) : counter;
}

/** The family that is pushed once. */
export function onceBody(group: Group): string {
  return `# TYPE ${ONCE} gauge\n${ONCE} ${onceValue(group)}\n`;
}

function makeGroups(kind: GroupKind, count: number): Group[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `${kind}-${i}`;
    return { kind, name, path: `/metrics/job/e2e/instance/${name}` };
  });
}
