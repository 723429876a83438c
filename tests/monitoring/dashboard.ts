/** The Grafana dashboard, and what it asks of Prometheus. Knows no Prometheus. @module */

import { fileURLToPath } from "node:url";

/** Where the dashboard is. */
export const DASHBOARD = fileURLToPath(
  new URL("../../monitoring/dynamic-sharding-dashboard.json", import.meta.url),
);

/** Refers to a data source. */
export interface DataSource {
  readonly type: string;
  readonly uid: string;
}

/** As much of a dashboard as is looked at here. */
export interface Dashboard {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: {
    readonly list: readonly { name: string; expr: string; datasource: DataSource }[];
  };
}

/** A panel, or the title of a row. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: DataSource;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults: FieldDefaults };
}

/** How values are shown. */
export interface FieldDefaults {
  readonly unit?: string;
  readonly max?: number;
  readonly decimals?: number;
  readonly noValue?: string;
  readonly mappings?: readonly {
    readonly options: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
  }[];
  readonly custom?: { readonly stacking?: { readonly mode: string } };
}

/** One query of a panel. */
export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: DataSource;
  /** Asked for one moment, and not for all the time that is shown. */
  readonly instant?: boolean;
}

/** A variable of the dashboard. */
export interface Variable {
  readonly type: string;
  readonly name: string;
  readonly query: string | { readonly query: string };
  readonly allValue?: string;
}

/** A query as Prometheus gets it. */
export interface Query {
  /** The panel, or what else asks it. */
  readonly of: string;
  readonly expr: string;
  readonly instant: boolean;
}

/** Reads the dashboard. */
export async function readDashboard(): Promise<Dashboard> {
  return JSON.parse(await Deno.readTextFile(DASHBOARD)) as Dashboard;
}

/** The rows of a dashboard in their order, each with its panels. */
export function rowsOf({ panels }: Dashboard): Map<string, Panel[]> {
  const rows = new Map<string, Panel[]>();
  let row: Panel[] = [];
  for (const panel of panels) {
    if (panel.type === "row") rows.set(panel.title, row = []);
    else row.push(panel);
  }
  return rows;
}

/**
 * Puts values in the place of a query's variables, as Grafana does where "All" is chosen.
 *
 * @param rateInterval what stands for `$__rate_interval`, as `15s`
 */
export function fill(expr: string, dashboard: Dashboard, rateInterval: string): string {
  let text = expr.replaceAll("$__rate_interval", rateInterval);
  for (const { name, allValue } of dashboard.templating.list) {
    if (allValue !== undefined) text = text.replaceAll(`$${name}`, allValue);
  }
  return text;
}

/** Everything that a dashboard asks, with its variables filled in. */
export function queriesOf(dashboard: Dashboard, rateInterval: string): Query[] {
  const { panels, annotations, templating } = dashboard;
  const filled = (expr: string) => fill(expr, dashboard, rateInterval);
  const ofPanels = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, instant = false }) => ({ of: title, expr: filled(expr), instant }))
  );
  const ofAnnotations = annotations.list.map(({ name, expr }) => (
    { of: `annotation ${name}`, expr: filled(expr), instant: false }
  ));
  const ofVariables = templating.list.flatMap(({ name, query }) => {
    if (typeof query === "string") return [];
    const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(query.query) ?? [];
    const expr = filled(`group by (${label}) (${selector}) > 0`);
    return [{ of: `variable ${name}`, expr, instant: true }];
  });
  return [...ofPanels, ...ofAnnotations, ...ofVariables];
}
