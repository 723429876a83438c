/** Which programs there are to run against, and where each comes from. @module */

/** The names of all components. */
export type ComponentName = keyof typeof RECIPES;

/** How to get one component. */
export interface Recipe {
  /** What the program may be called on the PATH. */
  readonly commands: readonly string[];
  /** A feature that not every build has, and a text that only builds with it contain. */
  readonly feature?: { readonly name: string; readonly mark: string };
  readonly package: string;
  /** The version wanted from COMPONENTS_DEBS, where two components are one package. */
  readonly version?: RegExp;
  /** Debian's suite; absent for that of the machine. */
  readonly suite?: string;
  /** Path of the program inside the package. */
  readonly program: string;
  /** Makes it print its version, and what that looks like: the unpacked program must run here. */
  readonly check: { readonly args: readonly string[]; readonly says: RegExp };
}

/** Every component and how to get it. */
export const RECIPES = {
  // The last release of Debian that has Consul.
  consul: {
    commands: ["consul"],
    package: "consul",
    suite: "bullseye",
    program: "usr/bin/consul",
    check: { args: ["version"], says: /Consul v1/ },
  },
  pushgateway: {
    commands: ["pushgateway", "prometheus-pushgateway"],
    feature: { name: "UTF-8 names", mark: "push.enable-utf8-names" },
    package: "prometheus-pushgateway",
    suite: "sid",
    program: "usr/bin/prometheus-pushgateway",
    check: { args: ["--version"], says: /pushgateway, version/ },
  },
  prometheus: {
    commands: ["prometheus"],
    feature: { name: "http_sd", mark: "__meta_url" },
    package: "prometheus",
    version: /^3\./,
    suite: "sid",
    program: "usr/bin/prometheus",
    check: { args: ["--version"], says: /prometheus, version/ },
  },
  // Debian's later builds leave consul_sd out.
  "prometheus-consul": {
    commands: ["prometheus"],
    feature: { name: "consul_sd", mark: "__meta_consul_" },
    package: "prometheus",
    version: /^2\.(?:[0-9]|[123][0-9])\./,
    suite: "bullseye",
    program: "usr/bin/prometheus",
    check: { args: ["--version"], says: /prometheus, version/ },
  },
  wrk: {
    commands: ["wrk"],
    package: "wrk",
    program: "usr/bin/wrk",
    check: { args: ["-v"], says: /Copyright \(C\)/ },
  },
  nginx: {
    commands: ["nginx"],
    package: "nginx",
    program: "usr/sbin/nginx",
    check: { args: ["-v"], says: /nginx version/ },
  },
} as const satisfies Record<string, Recipe>;

/** What must be on the PATH for a component, in words. */
export function describeNeed(name: ComponentName): string {
  const { commands, feature }: Recipe = RECIPES[name];
  return feature ? `${commands[0]} with ${feature.name}` : commands[0];
}
