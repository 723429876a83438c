/** A service before real Pushgateways, for the tests of its page. @module */

import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { startApp, type TestApp } from "../integration/app.ts";
import { servers, untilReady } from "../integration/described.ts";
import type { AppOptions } from "../../src/service/app.ts";

/** A service and its members. Disposal ends all of them. */
export interface Fleet extends AsyncDisposable {
  readonly app: TestApp;
  readonly members: readonly Pushgateway[];
  /** Pushes a group of one sample. */
  push(path: string): Promise<void>;
  /** Reads all members once more. */
  sweep(): Promise<void>;
}

/** What it is started with. */
export interface FleetOptions {
  readonly members?: number;
  /** More of the configuration. */
  readonly config?: string;
  readonly app?: Partial<AppOptions>;
}

/** Starts a fleet, and ends when all members are active. */
export async function startFleet(
  { members: number = 3, config = "", app: options }: FleetOptions = {},
): Promise<Fleet> {
  await using stack = new AsyncDisposableStack();
  const members: Pushgateway[] = [];
  for (let i = 0; i < number; i++) {
    members.push(stack.use(await startPushgateway({ flags: ["--web.enable-admin-api"] })));
  }
  const app = stack.use(await startApp(`mode: proxy\n${config}${servers(members)}`, options));
  await untilReady(app, number);
  const ends = stack.move();
  const request = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${app.url}${path}`, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: expected 200, found ${answer.status}: ${text}`);
  };
  return {
    app,
    members,
    push: (path) => request(path, { method: "PUT", body: "some_metric 1\n" }),
    sweep: () => request("/api/v1/plan"),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}
