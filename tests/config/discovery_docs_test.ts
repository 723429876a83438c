/** What docs/discovery.md shows is what the configuration takes. @module */

import assert from "node:assert/strict";
import text from "../../docs/discovery.md" with { type: "text" };
import { parseConfig } from "../../src/config/load.ts";
import { parseTargets } from "../../src/config/targets.ts";
import { READS_YAML } from "./permissions.ts";

const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))]
    .map(([, block]) => block);

Deno.test(
  "each source has an example, and each example is taken",
  { permissions: READS_YAML },
  () => {
    const sources = blocks("yaml").map((yaml) => {
      const config = parseConfig(yaml, { path: "dynamic-sharding.yml", env: () => undefined });
      const { consul, dnsSd, fileSd } = config;
      return consul ? "consul" : dnsSd ? "dns" : fileSd ? "file" : "servers";
    });
    assert.deepEqual(sources, ["servers", "consul", "dns", "file"]);
  },
);

Deno.test("the file of targets is taken", { permissions: READS_YAML }, () => {
  const [json, ...more] = blocks("json");
  assert.deepEqual(more, []);
  assert.deepEqual([...parseTargets(json, { file: "targets.json", weightMax: 100 })], [
    ["10.0.0.1:9091", 1],
    ["10.0.0.2:9091", 1],
    ["10.0.0.3:9091", 2],
  ]);
});
