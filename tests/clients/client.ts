/** What it means to be a client that pushes, and how one push is run. @module */

import { type Finished, run } from "../../tools/command.ts";

/** What the clients do, by HTTP's names: push, add and delete in the words of their libraries. */
export type Method = "PUT" | "POST" | "DELETE";

/** One request, as every client is asked to make it. */
export interface Push {
  readonly method: Method;
  /** `HOST:PORT` of what the client takes for a Pushgateway. */
  readonly address: string;
  readonly group: Group;
  /** The name of the gauge to push. */
  readonly metric: string;
  readonly value: number;
}

/** A group of a job and an instance. */
export interface Group {
  readonly job: string;
  readonly instance: string;
}

/** The path of a group's pushes. */
export function pathOf({ job, instance }: Group): string {
  return `/metrics/job/${job}/instance/${instance}`;
}

/** What becomes of a push, as its sender sees it. */
export type Outcome =
  /** It reaches the owner. */
  | "works"
  /** The client tells its caller that it failed. */
  | "error"
  /** The client hands the 307 to its caller as it would any other answer; nothing is pushed. */
  | "answers 307"
  /** The client says that all went well, and nothing was pushed. */
  | "lost";

/** A program to run. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A real client, with nothing set that it does not set by itself. */
export interface Client {
  readonly name: string;
  /** What it sends; `undefined` for one that sends none. */
  readonly userAgent: RegExp | undefined;
  /** What becomes of its pushes in `mode: redirect`. */
  readonly redirected: Outcome;
  /** What becomes of a DELETE there, where that differs: a DELETE is redirected whoever sends it. */
  readonly redirectedDelete?: Outcome;
  /** How `mode: auto` has its PUT and POST reach the owner. */
  readonly auto: "redirected" | "proxied";
  command(push: Push): Command;
}

/** What a client said of a push. */
export interface Said {
  /** Why it failed, where it says that it did. */
  readonly error?: string;
  /** The status it showed its caller, where it shows one. */
  readonly status?: number;
}

const PUSH_MS_MAX = 60_000;
// A proxy for the world outside is no way to 127.0.0.1.
const ENVIRONMENT = { no_proxy: "127.0.0.1", NO_PROXY: "127.0.0.1" };

/** Has a client push once, in a process of its own. */
export async function pushWith(client: Client, push: Push): Promise<Said> {
  const { command, args, env } = client.command(push);
  const finished = await run(command, args, {
    env: { ...ENVIRONMENT, ...env },
    msMax: PUSH_MS_MAX,
  });
  return readSaid(finished);
}

function readSaid({ code, stdout, stderr }: Finished): Said {
  if (code !== 0) return { error: reasonIn(stderr) ?? `exit code ${code}` };
  return /^[1-5]\d\d\n$/.test(stdout) ? { status: Number(stdout) } : {};
}

/** The line with the reason: that of the exception, where there is a stack trace below or above. */
function reasonIn(text: string): string | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.findLast((line) => line.includes("Error: ")) ?? lines.at(-1);
}

/** The arguments of a client that is given a URL and a body, none for a DELETE. */
export function urlArguments({ method, address, group, metric, value }: Push): string[] {
  const request = [method, `http://${address}${pathOf(group)}`];
  return method === "DELETE"
    ? request
    : [...request, `# TYPE ${metric} gauge\n${metric} ${value}\n`];
}

/** The arguments of a client that builds URL and body itself. */
export function libraryArguments({ method, address, group, metric, value }: Push): string[] {
  return [method, address, group.job, group.instance, metric, String(value)];
}
