/** docs/configuration.md describes every key, flag and variable, with its default. @module */

import assert from "node:assert/strict";
import { parse } from "yaml";
import manifest from "../../deno.json" with { type: "json" };
import { buildInfo } from "../../src/build.ts";
import { runCli } from "../../src/cli/command_line.ts";
import { parseConfig } from "../../src/config/load.ts";
import { keysAt } from "../../src/config/schema.ts";
import { Secret } from "../../src/config/secret.ts";
import { READS_YAML } from "../config/permissions.ts";
import { codeBlocksOf, headingsOf, rowsOf, sectionOf } from "./markdown.ts";
import { read, ROOT } from "./pages.ts";

const PAGE = "docs/configuration.md";
const CHINESE_PAGE = "docs/zh-CN/configuration.md";
const permissions = { ...READS_YAML, read: [ROOT] };

/** A key as the page describes it. */
interface Described {
  readonly type: string;
  readonly default?: string;
}

type Values = { readonly [key: string]: Values | string | readonly string[] };

/** All keys of the file that have a value of their own, as paths. */
function leavesOf(path: readonly string[] = []): string[] {
  return keysAt(path).flatMap((key) => {
    const below = [...path, key];
    return keysAt(below).length > 0 ? leavesOf(below) : [below.join(".")];
  });
}

/**
 * Reads the blocks in the notation of Prometheus's docs: `[ key: <type> | default = value ]`, with
 * sections by their indentation, and lists as `[ - <type> ... ]` below their key.
 */
function describedIn(page: string): Map<string, Described> {
  const described = new Map<string, Described>();
  const notation = codeBlocksOf(sectionOf(page, "Configuration file")).filter(({ language }) =>
    language === "text"
  );
  for (const { text } of notation) {
    const sections: string[] = [];
    for (const line of text.split("\n").filter((line) => !/^\s*(#|$)/.test(line))) {
      const [, spaces, rest] = /^( *)(.*)$/.exec(line) ?? assert.fail(line);
      sections.length = spaces.length / 2;
      const list = /^\[ - (.+) \.\.\. \]$/.exec(rest);
      if (list) {
        add(sections.join("."), { type: "list" });
        continue;
      }
      const section = /^([a-z_0-9]+):$/.exec(rest);
      if (section) {
        sections.push(section[1]);
        continue;
      }
      const [, key, type, value] =
        /^\[ ([a-z_0-9]+): <(.+?)>(?: \| default = (.+))? \]$/.exec(rest) ??
          assert.fail(`expected a key as [ key: <type> | default = value ], found ${line}`);
      // A reference to a section that has a block of its own.
      if (type === key && keysAt([...sections, key]).length > 0) continue;
      add([...sections, key].join("."), { type, ...(value !== undefined && { default: value }) });
    }
  }
  return described;

  function add(path: string, key: Described): void {
    assert(!described.has(path), `${path} is described once`);
    described.set(path, key);
  }
}

/** The examples of the page, as files. */
async function examples(): Promise<string[]> {
  const section = sectionOf(await read(PAGE), "Configuration file");
  return codeBlocksOf(section).filter(({ language }) => language === "yaml").map(({ text }) =>
    text
  );
}

/** The configuration of a file as text, its secrets included. */
function configOf(values: Values, env: Readonly<Record<string, string>> = {}): string {
  const config = parseConfig(JSON.stringify(values), {
    path: "/etc/a.yml",
    env: (name) => env[name],
  });
  return JSON.stringify(config, function (this: Record<string, unknown>, key, shown) {
    const value = this[key];
    return value instanceof Secret ? value.reveal() : shown;
  });
}

/** A file with one more value in it. */
function withValue(values: Values, path: string, value: Values[string]): Values {
  const [key, ...rest] = path.split(".");
  if (rest.length === 0) return { ...values, [key]: value };
  const below = values[key];
  const section: Values = typeof below === "object" && !Array.isArray(below) ? below as Values : {};
  return { ...values, [key]: withValue(section, rest.join("."), value) };
}

function valueAt(values: Values, path: string): Values[string] | undefined {
  let value: Values[string] | undefined = values;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || Array.isArray(value)) return undefined;
    value = (value as Values)[key];
  }
  return value;
}

function withoutValue(values: Values, path: string): Values {
  const [key, ...rest] = path.split(".");
  if (rest.length > 0) {
    return { ...values, [key]: withoutValue(values[key] as Values, rest.join(".")) };
  }
  return Object.fromEntries(Object.entries(values).filter(([name]) => name !== key));
}

const MINIMAL: Values = { pushgateway: { servers: ["a:1"] } };

/** The least of a file in which a key may stand. */
function baseOf(path: string): Values {
  if (path.startsWith("consul_server.")) return { ...MINIMAL, consul_server: {} };
  if (path.startsWith("pushgateway.tls_config.")) {
    return withValue(MINIMAL, "pushgateway.scheme", "https");
  }
  if (path.startsWith("dns_sd.")) return { dns_sd: { names: ["a.example"] } };
  if (path.startsWith("file_sd.")) return { file_sd: { files: ["a.yml"] } };
  return MINIMAL;
}

Deno.test("every key of the file is described, and no others", { permissions }, async () => {
  const described = describedIn(await read(PAGE));
  assert.deepEqual([...described.keys()].sort(), leavesOf().sort());
});

Deno.test("a key that stands at its described default changes nothing", {
  permissions,
}, async () => {
  let defaults = 0;
  for (const [path, key] of describedIn(await read(PAGE))) {
    if (key.default === undefined) continue;
    defaults++;
    const base = baseOf(path);
    assert.equal(configOf(withValue(base, path, key.default)), configOf(base), path);
  }
  assert(defaults > 10, `defaults are found: ${defaults}`);
});

/** How the schema names a type, where it is refused. */
const TYPES: Readonly<Record<string, string>> = {
  boolean: "true or false",
  count: "a number",
  duration: "a duration",
  filename: "a file name",
  list: "a list",
  path: "a path",
  port: "a port",
  size: "a size",
};

Deno.test("every key has the type that is described", { permissions }, async () => {
  for (const [path, { type }] of describedIn(await read(PAGE))) {
    if (!(type in TYPES)) {
      assert(["host:port", "secret", "string"].includes(type), `${path}: a type <${type}>`);
      continue;
    }
    assert.throws(
      () => configOf(withValue(MINIMAL, path, {})),
      (error: Error) => error.message.includes(`${path}: expected ${TYPES[type]}`),
      path,
    );
  }
});

Deno.test("every key is in an example, and without it the example means something else", {
  permissions,
}, async () => {
  const texts = await examples();
  const files = texts.map((text): Values => parse(text, { schema: "failsafe" }));
  for (const path of leavesOf()) {
    const file = files.find((file) => valueAt(file, path) !== undefined);
    assert(file, `an example with ${path}`);
    const described = describedIn(await read(PAGE)).get(path);
    if (valueAt(file, path) === described?.default) continue;
    let without: unknown;
    try {
      without = configOf(withoutValue(file, path));
    } catch {
      continue; // it is needed
    }
    assert.notEqual(without, configOf(file), path);
  }
});

/** Runs the command line and returns what it prints. */
async function helpOf(...args: string[]): Promise<string> {
  let out = "";
  const code = await runCli([...args, "--help"], {
    build: buildInfo(),
    env: () => undefined,
    stdin: new Blob([]).stream(),
    out: (text) => {
      out += text;
      return Promise.resolve();
    },
    err: (text) => assert.fail(text),
    isTerminal: false,
    columns: () => 80,
    isJournal: false,
    catchStop: () => AbortSignal.abort(),
    onListening: () => {},
  });
  assert.equal(code, 0);
  return out;
}

/** The entries of one part of a help text, each on one line. */
function entriesOf(help: string, part: "Options" | "Commands"): string[] {
  const [, text] = new RegExp(`^${part}:\n([\\s\\S]*?)(?:\n\n|$(?![\\s\\S]))`, "m").exec(help) ??
    assert.fail(`the help has ${part}`);
  return text.replaceAll(/\n {3,}/g, " ").trimEnd().split("\n").map((line) => line.trim());
}

/** Each flag of a help text with its default. */
function flagsIn(help: string): Record<string, string> {
  const flags: Record<string, string> = {};
  for (const entry of entriesOf(help, "Options")) {
    const [names] = /^-[-\w.]+(?:, --[-\w.]+)?/.exec(entry) ?? assert.fail(entry);
    const value = /default: (?:"(.*?)"|(\w+)|\[\])\)/.exec(entry);
    flags[names] = value?.[1] ?? value?.[2] ?? "";
  }
  return flags;
}

/** Each flag of a table with its default. */
function flagsOf(section: string): Record<string, string> {
  const code = (cell: string) => cell.replaceAll("`", "");
  return Object.fromEntries(
    rowsOf(section).map(([flag, value, meaning]) => {
      assert.notEqual(meaning, "", flag);
      return [code(flag), code(value)];
    }),
  );
}

Deno.test("every flag of the service is described with its default, and no others", {
  permissions,
}, async () => {
  const section = sectionOf(await read(PAGE), "Flags of the service");
  assert.deepEqual(flagsOf(section), flagsIn(await helpOf()));
});

Deno.test("every command is described, and every flag of it with its default", {
  permissions,
}, async () => {
  const page = await read(PAGE);
  const commands = entriesOf(await helpOf(), "Commands").map((entry) => entry.split(" ")[0]);
  const headings = headingsOf(sectionOf(page, "Command line")).map(({ text }) => text);
  assert.deepEqual(
    headings.filter((text) => text.startsWith("`")).sort(),
    commands.map((command) => `\`${command}\``).sort(),
  );
  for (const command of commands) {
    const { "-h, --help": _, ...flags } = flagsIn(await helpOf(command));
    assert.deepEqual(flagsOf(sectionOf(page, `\`${command}\``)), flags, command);
  }
});

/** The variables that the program may read: nothing else is let through to it. */
function readableVariables(): string[] {
  const [, names] = /--allow-env=(\S+)/.exec(manifest.tasks.start) ?? assert.fail("--allow-env");
  return names.split(",");
}

Deno.test("every environment variable is described, and no others", { permissions }, async () => {
  const rows = rowsOf(sectionOf(await read(PAGE), "Environment variables"));
  const names = rows.map(([name]) => name.replaceAll("`", ""));
  assert.deepEqual(names.sort(), readableVariables().sort());
});

Deno.test("each variable of Consul does something at its example", { permissions }, async () => {
  const rows = rowsOf(sectionOf(await read(PAGE), "Environment variables"));
  const ofConsul = rows.filter(([name]) => name.startsWith("`CONSUL_"));
  assert(ofConsul.length > 5);
  const file: Values = { ...MINIMAL, consul_server: {} };
  for (
    const [name, , example] of ofConsul.map((row) => row.map((cell) => cell.replaceAll("`", "")))
  ) {
    assert.notEqual(configOf(file, { [name]: example }), configOf(file), name);
    assert.equal(configOf(MINIMAL, { [name]: example }), configOf(MINIMAL), `${name} alone`);
  }
});

Deno.test("the Chinese page names keys and flags that are there, with their defaults", {
  permissions,
}, async () => {
  const described = describedIn(await read(PAGE));
  const flags = flagsIn(await helpOf());
  const sections = new Set([...described.keys()].map((path) => path.replace(/\.[^.]+$/, "")));
  const rows = rowsOf(await read(CHINESE_PAGE)).map((row) =>
    row.map((cell) => cell.replaceAll("`", ""))
  );
  const named = rows.filter(([name]) => /^--|[._]/.test(name));
  assert(named.length > 20);
  for (const [name, value] of named) {
    const known = name.startsWith("--") ? flags[name] : described.get(name)?.default ?? "";
    assert(name in flags || described.has(name) || sections.has(name), name);
    assert.equal(value.replace("关", "false"), known, name);
  }
});
