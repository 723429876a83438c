/** Reads answers for Prometheus's http_sd. @module */

/** The targets of all groups, sorted. */
export function targetsOf(answer: string): string[] {
  const groups = JSON.parse(answer) as { readonly targets: readonly string[] }[];
  return groups.flatMap(({ targets }) => targets).sort();
}
