/** Imports point one way, as ARCHITECTURE.md draws them. @module */

import assert from "node:assert/strict";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Floors from the bottom up; what stands on a floor may import from those below it, and its room. */
const FLOORS = [
  ["member", "log", "build", "concurrency", "wire"],
  ["group", "ring", "config", "tls_agent"],
  ["consul", "pushgateway"],
  ["discovery"],
  ["membership"],
  ["metrics"],
  ["handoff"],
  ["http"],
  ["service"],
  ["cli"],
  ["main"],
];
/** Rooms of one floor may share words, but only these: label names are part of the configuration. */
const SIDEWAYS = new Set(["config → group"]);
/** The floors within a room: wings and single files; `.` are the files that are not named. */
const WINGS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  consul: [["."], ["locks"]],
  pushgateway: [["clock"], ["client"], ["pages"], ["."]],
  handoff: [["plan"], ["."], ["settle"], ["sweep"], ["handoff"]],
  http: [["."], ["push", "api", "server", "guard", "page"], ["routes"]],
};
const PURE = [
  "src/group/",
  "src/ring/",
  "src/membership/membership.ts",
  "src/membership/plan_ring.ts",
  "src/membership/state.ts",
  "src/config/certificates.ts",
  "src/config/schema.ts",
  "src/config/scraping.ts",
  "src/config/web_protection.ts",
  "src/config/web_schema.ts",
  "src/discovery/dns/message.ts",
  "src/discovery/dns/resolv_conf.ts",
  "src/discovery/union.ts",
  "src/handoff/plan/announced_ring.ts",
  "src/handoff/plan/counted_copies.ts",
  "src/handoff/plan/deletions.ts",
  "src/handoff/plan/empty_instances.ts",
  "src/handoff/plan/forecast.ts",
  "src/handoff/plan/former_rings.ts",
  "src/handoff/plan/inventory.ts",
  "src/handoff/plan/processes.ts",
  "src/handoff/plan/rings.ts",
  "src/handoff/plan/rivals.ts",
  "src/handoff/plan/whereabouts.ts",
  "src/handoff/settle/drain_rate.ts",
  "src/handoff/settle/many/memory.ts",
  "src/handoff/settle/many/plan_moves.ts",
  "src/membership/registration_plan.ts",
  "src/pushgateway/compare_content.ts",
  "src/http/api/find_groups.ts",
  "src/http/api/pasted.ts",
  "src/http/api/scrape_request.ts",
  "src/http/api/shown_samples.ts",
  "src/http/server/tls/alt_names.ts",
  "src/http/page/markup.ts",
  "src/http/page/text_table.ts",
  "src/pushgateway/sample_groups.ts",
  "src/pushgateway/shared_series.ts",
  "src/pushgateway/versions.ts",
];

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly specifier: string };
    readonly type?: { readonly specifier: string };
  }[];
}

const root = fileURLToPath(new URL("../", import.meta.url));
const pathOf = (specifier: string) => relative(root, fileURLToPath(specifier));

async function importsOf(entry: string): Promise<Map<string, string[]>> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: root,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: Module[] };
  const imports = new Map<string, string[]>();
  for (const { specifier, dependencies = [] } of modules) {
    if (!specifier.startsWith("file:")) continue;
    imports.set(
      pathOf(specifier),
      dependencies.map(({ specifier, code, type }) => {
        const found = code?.specifier ?? type?.specifier ?? specifier;
        return found.startsWith("file:") ? pathOf(found) : found;
      }),
    );
  }
  return imports;
}

/** `src/ring/murmur3.ts` is of the room `ring`, `src/log.ts` and `main.ts` are rooms of their own. */
function roomOf(path: string): string {
  return path.replace(/^src\//, "").split("/")[0].replace(/\.ts$/, "");
}

function floorOf(room: string): number {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(room));
  assert(floor >= 0, `${room} stands on no floor: give it one here and in ARCHITECTURE.md`);
  return floor;
}

/** The floor of a file within its room; 0 where the room has only one. */
function wingFloorOf(path: string): number {
  const wings = WINGS[roomOf(path)];
  if (!wings) return 0;
  const wing = path.split("/")[2].replace(/\.ts$/, "");
  const floor = wings.findIndex((names) => names.includes(wing));
  if (floor >= 0) return floor;
  assert(path.split("/").length === 3, `${path}: give its wing a floor here`);
  return wings.findIndex((names) => names.includes("."));
}

function pointsUp(from: string, to: string): boolean {
  const [above, below] = [roomOf(from), roomOf(to)];
  if (above !== below) return floorOf(above) <= floorOf(below);
  const sameWing = from.split("/")[2] === to.split("/")[2];
  return !sameWing && wingFloorOf(from) < wingFloorOf(to);
}

function backwards(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const edges: string[] = [];
  for (const [from, targets] of imports) {
    for (const to of targets.filter((target) => target.endsWith(".ts"))) {
      if (!pointsUp(from, to) || SIDEWAYS.has(`${roomOf(from)} → ${roomOf(to)}`)) continue;
      edges.push(`${from} imports ${to}`);
    }
  }
  return edges;
}

Deno.test("every import points down to a lower floor", async () => {
  const imports = await importsOf("main.ts");
  assert(imports.has("main.ts") && imports.has("src/ring/murmur3.ts"), "the graph is read whole");
  assert.deepEqual(backwards(imports), []);
});

Deno.test("an import that points up is found", { permissions: "none" }, () => {
  const imports = new Map([
    ["src/ring/hash_ring.ts", ["src/http/routes.ts", "zod"]],
    ["src/handoff/plan/misplaced.ts", ["src/handoff/settle/move.ts", "src/ring/hash_ring.ts"]],
  ]);
  assert.deepEqual(backwards(imports), [
    "src/ring/hash_ring.ts imports src/http/routes.ts",
    "src/handoff/plan/misplaced.ts imports src/handoff/settle/move.ts",
  ]);
});

Deno.test("every module below src/ is reached from main.ts", async () => {
  const imports = await importsOf("main.ts");
  const unreached: string[] = [];
  const walk = async (directory: string) => {
    for await (const { name, isDirectory } of Deno.readDir(`${root}${directory}`)) {
      const path = `${directory}/${name}`;
      if (isDirectory) await walk(path);
      else if (!imports.has(path)) unreached.push(path);
    }
  };
  await walk("src");
  assert.deepEqual(unreached, []);
});

Deno.test("no two modules of a room import each other, however long the way", async () => {
  const imports = await importsOf("main.ts");
  const circles: string[] = [];
  for (const start of imports.keys()) {
    const seen = new Set<string>();
    const reach = (path: string): boolean =>
      (imports.get(path) ?? []).some((to) =>
        to === start || (imports.has(to) && !seen.has(to) && seen.add(to) && reach(to))
      );
    if (reach(start)) circles.push(start);
  }
  assert.deepEqual(circles, []);
});

Deno.test("pure rooms use no clock, no randomness and no I/O", async () => {
  const imports = await importsOf("main.ts");
  for (const path of imports.keys()) {
    if (!PURE.some((pure) => path.startsWith(pure))) continue;
    const code = (await Deno.readTextFile(`${root}${path}`)).replace(
      /\/\*[\s\S]*?\*\/|\/\/.*/g,
      "",
    );
    const impure = /\b(Date|performance|setTimeout|Math\.random|fetch|Deno|console|process)\b/;
    assert.doesNotMatch(code.replace('Symbol.for("Deno.customInspect")', ""), impure, path);
  }
});
