/** The alerting rules, as the file has them. @module */

import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** Where the rules are. */
export const RULES = fileURLToPath(
  new URL("../../monitoring/dynamic-sharding.rules.yml", import.meta.url),
);
/** Where promtool's tests of them are. */
export const RULE_TESTS = fileURLToPath(new URL("../../monitoring/tests/", import.meta.url));

/** One alert. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}

/** What promtool is told to expect of an alert. */
export interface AlertTest {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

/** Reads all alerts. */
export async function readAlerts(): Promise<Alert[]> {
  const { groups } = parse(await Deno.readTextFile(RULES)) as { groups: { rules: Alert[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** The paths of promtool's tests. */
export async function ruleTests(): Promise<string[]> {
  const files = await Array.fromAsync(Deno.readDir(RULE_TESTS));
  return files.map(({ name }) => `${RULE_TESTS}${name}`).sort();
}

/** What promtool is told to expect of alerts, in all tests. */
export async function readAlertTests(): Promise<AlertTest[]> {
  const texts = await Promise.all((await ruleTests()).map((file) => Deno.readTextFile(file)));
  return texts.flatMap((text) => {
    const { tests } = parse(text) as { tests: { alert_rule_test?: AlertTest[] }[] };
    return tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test);
  });
}

/** The selectors of own metrics, and of `up`, in an expression. */
export function selectorsOf(expr: string): string[] {
  return [...expr.matchAll(/\b(?:dynamic_sharding_\w+|process_\w+|up\b)(?:\{[^}]*\})?/g)]
    .map(([selector]) => selector);
}
