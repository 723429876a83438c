/** Imports point one way, as ARCHITECTURE.md draws them. @module */

import assert from "node:assert/strict";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Floors from the bottom up; what stands on a floor may import from those below it, and its room. */
const FLOORS = [
  ["member", "backoff", "deadlines", "run_group", "wake", "turns", "log", "build"],
  ["inbox", "notify"],
  ["group", "ring", "config"],
  ["consul", "pushgateway"],
  ["discovery"],
  ["membership"],
  ["metrics_handoff"],
  ["metrics"],
  ["handoff"],
  ["http"],
  ["term"],
  ["leaving"],
  ["app", "commands"],
  ["cli"],
  ["process"],
  ["main"],
];
/** Rooms of one floor may share words, but only these: label names are part of the configuration. */
const SIDEWAYS = new Set(["config → group"]);
const PURE = [
  "src/group/",
  "src/ring/",
  "src/membership/plan_ring.ts",
  "src/membership/state.ts",
  "src/config/schema.ts",
  "src/handoff/inventory.ts",
  "src/handoff/misplaced.ts",
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

/** `src/ring/murmur3.ts` is of the room `ring`, `src/app.ts` and `main.ts` are rooms of their own. */
function roomOf(path: string): string {
  return path.replace(/^src\//, "").split("/")[0].replace(/\.ts$/, "");
}

function floorOf(room: string): number {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(room));
  assert(floor >= 0, `${room} stands on no floor: give it one here and in ARCHITECTURE.md`);
  return floor;
}

function backwards(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const edges: string[] = [];
  for (const [from, targets] of imports) {
    for (const to of targets.filter((target) => target.endsWith(".ts"))) {
      const [above, below] = [roomOf(from), roomOf(to)];
      if (above === below || floorOf(above) > floorOf(below)) continue;
      if (!SIDEWAYS.has(`${above} → ${below}`)) edges.push(`${from} imports ${to}`);
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
  const imports = new Map([["src/ring/hash_ring.ts", ["src/http/routes.ts", "zod"]]]);
  assert.deepEqual(backwards(imports), ["src/ring/hash_ring.ts imports src/http/routes.ts"]);
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
