/**
 * A service with real Pushgateways and clients that push all the time, while something is wrong with its
 * Consul: what it logs, and that no push is lost.
 *
 * @module
 */

import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import { COUNTER, LIVE, ONCE, onceValue } from "../e2e/groups.ts";
import { readHeld } from "../e2e/held.ts";
import { type Load, startLoad } from "../e2e/load.ts";
import { type Members, startMembers, waitForAll } from "../seams/members.ts";
import { type Service, startService } from "./service.ts";

/** A service under load. Disposal stops everything. */
export interface LoadedService extends AsyncDisposable {
  readonly service: Service;
  readonly members: Members;
  readonly load: Load;
  /** Reloads it with another `consul_server` section. */
  reload(section: string): Promise<void>;
  /** The lines of its log so far that have all of these words, without their times. */
  lines(...words: readonly string[]): string[];
  /** Waits for a line with all of these words. */
  waitForLine(...words: readonly string[]): Promise<string>;
  /** Waits until so many more pushes were taken. */
  waitForPushes(count: number): Promise<void>;
  /** Ends the load, and looks whether each push that was taken is there, once; and whether all were. */
  assertNothingLost(): Promise<void>;
}

/** How it is started. */
export interface LoadedOptions {
  /** The `consul_server` section, as `addr: "127.0.0.1:8500"`. */
  readonly section: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Files beside the configuration file. */
  readonly files?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** Whether Consul lists the members before this resolves; else the file is enough. */
  readonly listed?: boolean;
}

const PUSHGATEWAYS = 3;
const LINE_MS_MAX = 60_000;
const SETTLED_MS_MAX = 60_000;

/** Starts a service, its members, and clients that push to it. */
export async function startLoaded(
  { section, env = {}, files = {}, flags = [], listed = true }: LoadedOptions,
): Promise<LoadedService> {
  await using stack = new AsyncDisposableStack();
  const members = stack.use(await startMembers(PUSHGATEWAYS));
  const config = (section: string) =>
    `mode: proxy\nhandoff: {sweep_interval: 5s}\n` +
    `consul_server: {check_interval: 1s, ${section}}\n` +
    `pushgateway: {servers: ${JSON.stringify(members.addresses)}}\n`;
  let log = "";
  const service = stack.use(
    await startService({
      config: config(section),
      env,
      files,
      flags: ["--web.enable-admin-api", ...flags],
      onOutput: (text) => void (log += text),
    }),
  );
  if (listed) await waitForAll(service, members.addresses);
  else await service.waitForRing(members.addresses.length);
  const load = stack.use(startLoad(LIVE, [service.url]));
  const lines = (...words: readonly string[]) =>
    log.split("\n").filter((line) => words.every((word) => line.includes(word)))
      .map((line) => line.replace(/^time=\S+ level=(\w+) logger=\S+ msg=/, "$1 "));
  const opened = stack.move();
  return {
    service,
    members,
    load,
    async reload(section) {
      await service.configure(config(section));
      service.process.kill("SIGHUP");
    },
    lines,
    async waitForLine(...words) {
      try {
        return await waitFor(() => lines(...words).at(0), {
          what: `a line with ${words.join(", ")}`,
          msMax: LINE_MS_MAX,
        });
      } catch (cause) {
        throw new Error(`${(cause as Error).message}; the log:\n${log}`, { cause });
      }
    },
    async waitForPushes(count) {
      const until = load.pushes + count;
      await waitFor(() => load.pushes >= until, { what: `${count} pushes`, msMax: LINE_MS_MAX });
    },
    async assertNothingLost() {
      await load[Symbol.asyncDispose]();
      assert.deepEqual(load.failed, []);
      const taken = load.taken();
      assert.equal(taken.size, LIVE.length);
      let wrong: string[] = [];
      await waitFor(async () => {
        const held = await readHeld(members.all);
        wrong = LIVE.flatMap((group) => {
          const copies = held.get(group.name) ?? [];
          const expected = {
            [COUNTER]: taken.get(group.name),
            ...(group.kind === "post" && { [ONCE]: onceValue(group) }),
          };
          const found = JSON.stringify(copies.map(({ values }) => values));
          const isRight = found === JSON.stringify([expected]);
          return isRight
            ? []
            : [`${group.name}: expected ${JSON.stringify(expected)}, found ${found}`];
        });
        return wrong.length === 0;
      }, { what: "each push to be there, once", msMax: SETTLED_MS_MAX, everyMs: 500 }).catch(() => {
        assert.deepEqual(wrong, []);
      });
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The one line of those; fails where there are none or several. */
export function only(lines: readonly string[]): string {
  assert.equal(lines.length, 1, `expected one line, found:\n${lines.join("\n")}`);
  return lines[0];
}
