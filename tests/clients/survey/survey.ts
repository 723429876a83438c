/** Has a client push to an address that answers with a 307, in every way that it offers. @module */

import { run } from "../../../tools/command.ts";
import type { Command } from "../client.ts";
import { type Outcome, outcomeOf, parseSaid, type Said, shownSaid } from "./outcome.ts";
import type { Recorder } from "./recorder.ts";

/** How a body is given to a client. */
export const BODIES = ["text", "bytes", "file", "stream"] as const;
export type Body = typeof BODIES[number];

export const METHODS = ["PUT", "POST"] as const;
export type Method = typeof METHODS[number];

/** A client in one version, ready to run. */
export interface SurveyedClient {
  readonly language: string;
  readonly name: string;
  readonly version: string;
  /** What it offers. One that makes the body itself counts as `text`. */
  readonly bodies: readonly Body[];
  readonly methods: readonly Method[];
  /** How often it makes each push: what becomes of some differs from try to try. */
  readonly tries: number;
  /** What makes it follow a 307, as its users write it; absent where it does so, or nothing does. */
  readonly setting?: string;
  command(push: PushToMake): Command;
}

/** One push, as a driver is asked to make it. */
export interface PushToMake {
  readonly url: string;
  readonly method: Method;
  readonly body: Body;
  /** Whether to use the client's setting. */
  readonly follow: boolean;
}

/** What became of the tries of one push, and what their callers saw: each thing once. */
export interface Seen {
  readonly outcomes: readonly Outcome[];
  readonly says: readonly string[];
}

/** What became of a client's pushes. */
export interface Surveyed {
  readonly client: SurveyedClient;
  readonly userAgent?: string;
  readonly seen: ReadonlyMap<Body, ReadonlyMap<Method, Seen>>;
  /** The same with its setting. */
  readonly withSetting: ReadonlyMap<Body, ReadonlyMap<Method, Seen>>;
}

/** A client that has not ended after this time waits for an answer that does not come. */
const PUSH_SECONDS_MAX = 15;
/** The exit code of `timeout`. */
const TIMED_OUT = 124;
const PATH = "/metrics/job/survey";

/**
 * Has a client push each body with each method, without its setting and with it.
 *
 * @throws {Error} naming the client and the push, where it does not run or does something unknown
 */
export async function survey(client: SurveyedClient, recorder: Recorder): Promise<Surveyed> {
  let userAgent: string | undefined;
  const push = async (method: Method, body: Body, follow: boolean) => {
    let said: Said = { hangs: PUSH_SECONDS_MAX };
    const recording = await recorder.record(async (origin) => {
      const { command, args, env } = client.command({
        url: `${origin}${PATH}`,
        method,
        body,
        follow,
      });
      const limit = ["--kill-after=1", `${PUSH_SECONDS_MAX}`];
      const { code, stdout, stderr } = await run("timeout", [...limit, command, ...args], {
        env,
        clearEnv: true,
      });
      if (code !== TIMED_OUT) said = parseSaid(stdout === "" ? stderr : stdout);
    });
    const { first } = recording;
    userAgent ??= first?.userAgent;
    const sent = first && first.method !== method ? ` (of a ${first.method})` : "";
    return { outcome: outcomeOf(recording, said), says: shownSaid(said) + sent };
  };
  const all = async (follow: boolean) => {
    const seen = new Map<Body, Map<Method, Seen>>();
    for (const body of client.bodies) {
      const byMethod = new Map<Method, Seen>();
      for (const method of client.methods) {
        try {
          const tries: Awaited<ReturnType<typeof push>>[] = [];
          while (tries.length < client.tries) tries.push(await push(method, body, follow));
          byMethod.set(method, {
            outcomes: [...new Set(tries.map(({ outcome }) => outcome))].sort(),
            says: [...new Set(tries.map(({ says }) => says))].sort(),
          });
        } catch (error) {
          const what = `${client.name} ${client.version}: ${method} with ${body}`;
          throw new Error(what + (follow ? ` and ${client.setting}` : ""), { cause: error });
        }
      }
      seen.set(body, byMethod);
    }
    return seen;
  };
  const seen = await all(false);
  const withSetting = client.setting === undefined ? new Map() : await all(true);
  return { client, userAgent, seen, withSetting };
}
