/** The command line, in the test's own process. @module */

import assert from "node:assert/strict";
import { buildInfo } from "../../src/build.ts";
import { runCli } from "../../src/cli/command_line.ts";
import vectors from "../testdata/ring-placement.json" with { type: "json" };

const BUILD = { ...buildInfo(), revision: "1a2b3c4", build_date: "2026-11-25T00:00:00Z" };

async function cli(args: readonly string[], stdin = "") {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    build: BUILD,
    env: () => undefined,
    stdin: new Blob([stdin]).stream(),
    out: (text) => {
      out += text;
      return Promise.resolve();
    },
    err: (text) => err += text,
    isTerminal: false,
    columns: () => 80,
    isJournal: false,
    catchStop: () => AbortSignal.abort(),
    onListening: () => {},
  });
  return { code, out, err };
}

const members = (names: readonly string[]) => names.flatMap((name) => ["--member", name]);

Deno.test("--help is this", async (t) => {
  const { code, out, err } = await cli(["--help"]);
  assert.deepEqual({ code, err }, { code: 0, err: "" });
  await t.assertSnapshot(out);
  assert.deepEqual(await cli(["-h"]), { code, out, err });
});

for (const command of ["ring", "prometheus-config"]) {
  Deno.test(`${command} --help is this`, async (t) => {
    const { code, out, err } = await cli([command, "--help"]);
    assert.deepEqual({ code, err }, { code: 0, err: "" });
    await t.assertSnapshot(out);
  });
}

Deno.test("--version names the version of deno.json, and what it was built from", async () => {
  const { default: { version } } = await import("../../deno.json", { with: { type: "json" } });
  const { code, out } = await cli(["--version"]);
  assert.equal(code, 0);
  const words = `version ${version} (revision 1a2b3c4, built 2026-11-25T00:00:00Z, deno `;
  assert(out.startsWith(`dynamic-sharding, ${words}`), out);
});

for (
  const [why, args, words] of [
    ["an unknown flag", ["--config.fil=x"], "unknown option '--config.fil=x'"],
    [
      "an unknown command",
      ["serve"],
      "check-config, drain, plan, prometheus-config, ring or nothing, found serve",
    ],
    ["a wrong level", ["--log.level", "trace"], "Allowed choices are debug, info, warn, error"],
    ["a wrong address", ["--web.listen-address=9292"], 'expected [host]:port as in ":9292"'],
    ["a wrong member", ["ring", "--member", "a b", "/metrics/job/a"], "expected host:port"],
    ["no path", ["ring", "--member", "a:1"], "missing required argument 'paths'"],
    ["no file to check", ["check-config"], "missing required argument 'file'"],
    ["two ways to scrape", ["prometheus-config", "--consul", "--pushed"], "cannot be used with"],
    ["a service and a file", [
      "prometheus-config",
      "--url=http://a:1",
      "--config.file=x",
    ], "cannot be used with"],
    ["a service that is no URL", ["prometheus-config", "--url=a:1"], "expected a URL as in http"],
    ["members and a file", ["ring", "--member=a:1", "--config.file=x", "/"], "cannot be used with"],
  ] as const
) {
  Deno.test(`${why} is refused with exit code 1`, async () => {
    const { code, out, err } = await cli(args);
    assert.deepEqual({ code, out }, { code: 1, out: "" });
    assert(err.includes(words), err);
  });
}

Deno.test("ring places every path of the Go tool's vectors, read from standard input", async () => {
  for (const vector of vectors) {
    const owned = Object.entries<string[] | undefined>(vector.owned_paths).flatMap(
      // A value with a slash in it is no plain path: as a URL it would be read as more labels.
      ([owner, paths = []]) => paths.filter(isPlain).map((path) => [encodeURI(path), owner]),
    );
    assert(owned.length > 0);
    const paths = owned.map(([path]) => path).join("\n");
    const { code, out, err } = await cli(["ring", ...members(vector.members), "-"], paths);
    assert.deepEqual({ code, err }, { code: 0, err: "" });
    assert.equal(out, owned.map(([path, owner]) => `${path}\t${owner}\n`).join(""));
  }
});

Deno.test("ring prints paths back as they came, and takes arguments and lines together", async () => {
  const paths = ["/metrics/job/a%20b?x=1", "/metrics/job@base64/YSBi", "//metrics/job/a b"];
  const { code, out } = await cli(
    ["ring", ...members(["a:1", "b:2"]), paths[0], "-"],
    [
      paths[1],
      "",
      `${paths[2]}\r`,
    ].join("\n"),
  );
  assert.equal(code, 0);
  const rows = out.trimEnd().split("\n").map((row) => row.split("\t"));
  assert.deepEqual(rows.map(([path]) => path), paths);
  assert.equal(new Set(rows.map(([, owner]) => owner)).size, 1, "three spellings of one group");
});

Deno.test("ring reports what a Pushgateway refuses, places the rest, and exits 1", async () => {
  const paths = ["/metrics/job/a/b", "/metrics/job/a", "/other"];
  const { code, out, err } = await cli(["ring", ...members(["a:1"]), ...paths]);
  assert.equal(code, 1);
  assert.equal(out, "/metrics/job/a\ta:1\n");
  assert.match(
    err,
    /^\/metrics\/job\/a\/b: odd number of components.*\n\/other: expected a path that begins with \/metrics\/job\/\n/,
  );
});

Deno.test("ring takes the members from a file", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yml" });
  try {
    await Deno.writeTextFile(file, "pushgateway: {port: 9091, servers: [1.1.1.1, 1.1.1.2]}\n");
    const fromFile = await cli([
      "ring",
      `--config.file=${file}`,
      "/metrics/job/a",
      "/metrics/job/b",
    ]);
    const named = members(["1.1.1.1:9091", "1.1.1.2:9091"]);
    assert.equal(fromFile.code, 0);
    assert.equal(
      fromFile.out,
      (await cli(["ring", ...named, "/metrics/job/a", "/metrics/job/b"])).out,
    );

    const before = await cli([`--config.file=${file}`, "ring", "/metrics/job/a", "/metrics/job/b"]);
    assert.deepEqual(before, fromFile, "the flag counts before the command too");

    await Deno.writeTextFile(file, "consul_server: {}\n");
    for (const command of [["ring", "/metrics/job/a"], ["plan", "--add=1.1.1.3:9091"]]) {
      const none = await cli([...command, `--config.file=${file}`]);
      assert.equal(none.code, 1);
      assert.match(none.err, /expected pushgateway\.servers, found none/);
    }
  } finally {
    await Deno.remove(file);
  }
});

/** Whether labels of the path, read as a URL, are in the order that the Go tool hashed. */
function isPlain(path: string): boolean {
  const names = path.split("/").slice(4).filter((_, i) => i % 2 === 0);
  return path.split("/").length % 2 === 0 && names.every((name) => /^[a-z]+$/.test(name)) &&
    names.join() === [...names].sort().join();
}
