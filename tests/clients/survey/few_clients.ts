/** The clients that the tests have pushed with anyway, which need no more than they do. @module */

import { fileURLToPath } from "node:url";
import { ensureComponents } from "../../../tools/components.ts";
import { findNode } from "../node.ts";
import { BODIES, type Body, METHODS, type SurveyedClient } from "./survey.ts";

const file = (name: string) => fileURLToPath(new URL(`drivers/${name}`, import.meta.url));

/**
 * Finds or fetches them. Their versions are those of the machine.
 *
 * @throws {Error} when one of them cannot be had
 */
export async function fewClients(): Promise<SurveyedClient[]> {
  const components = await ensureComponents([
    "curl",
    "perl",
    "python",
    "python-prometheus-client",
    "python-requests",
    "ruby",
    "wget",
  ]);
  const { curl, perl, python, ruby, wget } = components;
  const node = await findNode();
  const libraries = (["python-prometheus-client", "python-requests"] as const)
    .map((name) => components[name].env.PYTHONPATH).filter(Boolean).join(":");
  const path = (...programs: string[]) => [...programs, Deno.env.get("PATH")].join(":");
  const client = (
    language: string,
    name: string,
    bodies: readonly Body[],
    { program, driver, env }: {
      program: readonly string[];
      driver: string;
      env?: Readonly<Record<string, string>>;
    },
  ): SurveyedClient => ({
    language,
    name,
    version: "the machine's",
    bodies,
    methods: METHODS,
    tries: 1,
    command: ({ url, method, body }) => ({
      command: program[0],
      args: [...program.slice(1), file(driver), name, method, url, body, file("body.txt")],
      env: { PATH: path(), HOME: Deno.env.get("HOME") ?? "/", ...env },
    }),
  });
  const shell = (command: string, env: Readonly<Record<string, string>>) => ({
    program: ["sh"],
    driver: "push.sh",
    env: { ...env, PATH: path(command.slice(0, command.lastIndexOf("/"))) },
  });
  const pythonDriver = {
    program: [python.command, "-B"],
    driver: "push.py",
    env: {
      ...python.env,
      PYTHONPATH: [python.env.PYTHONPATH, libraries].filter(Boolean).join(":"),
    },
  };
  const deno = {
    program: [Deno.execPath(), "run", "--no-config", "--allow-all"],
    driver: "push.mjs",
  };
  return [
    client("Command line", "curl", ["text", "file"], shell(curl.command, curl.env)),
    client("Command line", "wget", ["text", "file"], shell(wget.command, wget.env)),
    client("Python", "prometheus_client", ["text"], pythonDriver),
    client("Python", "requests", BODIES, pythonDriver),
    client("Python", "urllib", ["bytes"], pythonDriver),
    client("Perl", "HTTP::Tiny", ["text", "stream"], {
      program: [perl.command],
      driver: "push.pl",
      env: perl.env,
    }),
    client("Ruby", "Net::HTTP", ["text", "stream"], {
      program: [ruby.command, "--disable-gems"],
      driver: "push.rb",
      env: ruby.env,
    }),
    client("Deno", "fetch", BODIES, deno),
    ...(node === undefined ? [] : [
      client("Node.js", "http", ["text", "stream"], { program: [node], driver: "push.mjs" }),
      client("Node.js", "fetch", ["text", "stream"], { program: [node], driver: "push.mjs" }),
    ]),
  ];
}
