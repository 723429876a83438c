/** Files of targets, as they are written and changed in practice. @module */

import assert from "node:assert/strict";
import { sleep } from "../../src/concurrency/backoff.ts";
import { fileDiscovery, listFiles } from "../../src/discovery/file.ts";
import type { FileSdConfig } from "../../src/config/sources.ts";
import { temporaryDirectory } from "../../tools/server.ts";
import { follow, type Following } from "./following.ts";

interface Directory {
  readonly path: string;
  write(name: string, text: string): Promise<void>;
  /** Follows files in it, by watching alone unless told. */
  follow(files: readonly string[], own?: Partial<FileSdConfig>): Following;
  readonly unwatched: readonly string[];
}

async function withDirectory(use: (directory: Directory) => Promise<void>): Promise<void> {
  const { path, remove } = await temporaryDirectory("targets");
  const unwatched: string[] = [];
  try {
    await use({
      path,
      unwatched,
      write: (name, text) => Deno.writeTextFile(`${path}/${name}`, text),
      follow: (files, own = {}) =>
        follow(fileDiscovery({
          config: { files: files.map((file) => `${path}/${file}`), refreshMs: 3_600_000, ...own },
          random: Math.random,
          onWatched: (directory, failure) => void (failure && unwatched.push(directory)),
        })),
    });
  } finally {
    await remove();
  }
}

Deno.test("the files that a pattern names are read together, each in its form", async () => {
  await withDirectory(async ({ write, follow }) => {
    await write("tg_a.json", '[{"targets": ["10.0.0.1:9091", "10.0.0.2:9091"]}]');
    await write("tg_b.yml", "- targets: [10.0.0.3:9091]\n");
    await write("tg_c.yml", "- targets: [10.0.0.4:9091]\n- targets: [10.0.0.1:9091]\n");
    await write(".tg_d.yml", "- targets: [10.0.0.8:9091]\n");
    await write("other.yml", "- targets: [10.0.0.9:9091]\n");
    await using following = follow(["tg_*.yml", "tg_a.json"]);
    const all = ["10.0.0.1:9091", "10.0.0.2:9091", "10.0.0.3:9091", "10.0.0.4:9091"];
    await following.tells(all);
    await write("tg_e.yml", "- targets: ['[fd00::1]:9091']\n");
    await following.tells([...all, "[fd00::1]:9091"]);
  });
});

Deno.test("the members of a file that is removed go, where a pattern named it", async () => {
  await withDirectory(async ({ path, write, follow }) => {
    await write("a.yml", "- targets: [10.0.0.1:9091]\n");
    await write("b.yml", "- targets: [10.0.0.2:9091]\n");
    await using following = follow(["*.yml"]);
    await following.tells(["10.0.0.1:9091", "10.0.0.2:9091"]);
    await Deno.remove(`${path}/a.yml`);
    await following.tells(["10.0.0.2:9091"]);
  });
});

Deno.test("a file that is spoilt keeps its members, and others go on", async () => {
  await withDirectory(async ({ write, follow }) => {
    await write("a.yml", "- targets: [10.0.0.1:9091]\n");
    await write("b.yml", "- targets: [10.0.0.2:9091]\n");
    await using following = follow(["*.yml"]);
    await following.tells(["10.0.0.1:9091", "10.0.0.2:9091"]);
    await write("a.yml", "- targets: {}\n");
    await following.fails(/a\.yml:1:12: \[0\]\.targets: expected a list, found a map$/);
    await write("b.yml", "- targets: [10.0.0.3:9091]\n");
    await following.tells(["10.0.0.1:9091", "10.0.0.3:9091"]);
    await write("a.yml", "- targets: [10.0.0.4:9091]\n");
    await following.tells(["10.0.0.3:9091", "10.0.0.4:9091"]);
  });
});

Deno.test("a directory that is gone takes out nobody, and is watched again when it is back", async () => {
  await withDirectory(async ({ path, write, follow }) => {
    await Deno.mkdir(`${path}/d`);
    await write("d/a.yml", "- targets: [10.0.0.1:9091]\n");
    await write("b.yml", "- targets: [10.0.0.2:9091]\n");
    await using following = follow(["d/*.yml", "b.yml"]);
    await following.tells(["10.0.0.1:9091", "10.0.0.2:9091"]);
    await Deno.rename(`${path}/d`, `${path}/elsewhere`);
    await write("b.yml", "- targets: [10.0.0.3:9091]\n");
    await following.fails(/d\/\*\.yml: expected a directory, found none; /);
    await Deno.mkdir(`${path}/d`);
    await write("d/a.yml", "- targets: [10.0.0.1:9091]\n");
    await following.tells(["10.0.0.1:9091", "10.0.0.3:9091"]);
    await write("d/a.yml", "- targets: [10.0.0.4:9091]\n");
    await following.tells(["10.0.0.3:9091", "10.0.0.4:9091"]);
  });
});

Deno.test("half of a file that is being written counts for nothing, though it is a list, too", async () => {
  await withDirectory(async ({ path, write, follow }) => {
    const targets = ["1", "2", "3", "4"].map((host) => `10.0.0.${host}:9091`);
    const lines = ["- targets:\n", ...targets.map((target) => `  - ${target}\n`)];
    await write("a.yml", lines.join(""));
    await using following = follow(["a.yml"]);
    await following.tells(targets);
    // Where this machine stands still meanwhile, it was no file that is being written.
    for (let isQuick = false; !isQuick;) {
      const before = following.told.length;
      isQuick = await writeSlowly(`${path}/a.yml`, [...lines, "  - 10.0.0.5:9091\n"]);
      await following.tells([...targets, "10.0.0.5:9091"]);
      if (isQuick) assert.equal(following.told.length, before + 1, following.told.join("\n"));
      await write("a.yml", lines.join(""));
      await following.tells(targets);
    }
  });
});

/** Writes a file line by line; whether no step took long. */
async function writeSlowly(path: string, lines: readonly string[]): Promise<boolean> {
  using file = await Deno.open(path, { write: true, truncate: true });
  let isQuick = true;
  for (const line of lines) {
    const began = performance.now();
    await sleep(100);
    await file.write(new TextEncoder().encode(line));
    isQuick &&= performance.now() - began < 250;
  }
  return isQuick;
}

Deno.test("a ConfigMap of Kubernetes is followed as the kubelet changes it", async () => {
  await withDirectory(async ({ path, write, follow }) => {
    const project = async (version: string, text: string) => {
      await Deno.mkdir(`${path}/..${version}`);
      await write(`..${version}/targets.yml`, text);
      await Deno.symlink(`..${version}`, `${path}/..data_tmp`);
      await Deno.rename(`${path}/..data_tmp`, `${path}/..data`);
    };
    await project("1", "- targets: [10.0.0.1:9091]\n");
    await Deno.symlink("..data/targets.yml", `${path}/targets.yml`);
    await using following = follow(["*.yml"]);
    await following.tells(["10.0.0.1:9091"]);
    await project("2", "- targets: [10.0.0.2:9091]\n");
    await Deno.remove(`${path}/..1`, { recursive: true });
    await following.tells(["10.0.0.2:9091"]);
  });
});

Deno.test("what no watch tells is found at the next refresh", async () => {
  await withDirectory(async ({ path, write, follow }) => {
    await Deno.mkdir(`${path}/elsewhere`);
    await write("elsewhere/a.yml", "- targets: [10.0.0.1:9091]\n");
    await Deno.symlink("elsewhere/a.yml", `${path}/a.yml`);
    await using following = follow(["a.yml"], { refreshMs: 1_000 });
    await following.tells(["10.0.0.1:9091"]);
    await write("elsewhere/a.yml", "- targets: [10.0.0.2:9091]\n");
    await following.tells(["10.0.0.2:9091"]);
  });
});

Deno.test("labels mean nothing but a weight, and a port may be left out", async () => {
  await withDirectory(async ({ write, follow }) => {
    await write(
      "a.yml",
      "- targets: [10.0.0.1, 10.0.0.2:9191]\n" +
        '  labels: {job: push, env: "x", __weight__: 3, __address__: 10.9.9.9}\n' +
        "- targets: [10.0.0.1, 10.0.0.3]\n",
    );
    await using following = follow(["a.yml"], { port: 9091 });
    await following.tells(["10.0.0.1:9091*3", "10.0.0.2:9191*3", "10.0.0.3:9091"]);
    await write("a.yml", "- targets: [10.0.0.1, 10.0.0.3]\n");
    await following.tells(["10.0.0.1:9091", "10.0.0.3:9091"]);
  });
});

for (
  const [pattern, names] of [
    ["*.yml", ["a.yml", "b.yml", "tg.x.yml"]],
    ["tg*.yml", ["tg.x.yml"]],
    ["t*.x*.yml", ["tg.x.yml"]],
    ["*.json", ["a.json"]],
    ["b+.yml", ["b+.yml"]],
    ["none.yml", ["none.yml"]],
    ["none*.yml", []],
  ] as const
) {
  Deno.test(`${pattern} names ${names.join(" and ") || "nothing"}`, async () => {
    await withDirectory(async ({ path, write }) => {
      for (const name of ["b.yml", "a.yml", "a.json", "tg.x.yml", ".a.yml", "a.yml~"]) {
        await write(name, "");
      }
      await Deno.mkdir(`${path}/d.yml`);
      const files = await listFiles(`${path}/${pattern}`);
      assert.deepEqual(files, names.map((name) => `${path}/${name}`));
    });
  });
}
