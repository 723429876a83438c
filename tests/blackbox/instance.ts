/** An instance of the service that can be started again on its address, and whose whole log is kept. @module */

import * as z from "zod";
import { within } from "../../src/concurrency/backoff.ts";
import { type MemberView, memberView } from "../../src/http/api/views.ts";
import { freePort } from "../../tools/ports.ts";
import { request } from "../../tools/server.ts";
import { type Service, startService } from "../integration/service.ts";

/** An instance. Disposal stops it. */
export interface Instance extends AsyncDisposable {
  readonly name: string;
  /** The same after each restart. */
  readonly url: string;
  /** All that its processes have logged. */
  log(): string;
  /** Writes the file; nothing is reloaded by that. */
  configure(text: string): Promise<void>;
  /**
   * Has it reload its file.
   *
   * @throws where that is not answered 200
   */
  reload(): Promise<void>;
  /**
   * Ends the process with SIGTERM, awaits its exit, and starts another with the same file.
   *
   * @throws where it does not end in time, or not with 0
   */
  restart(): Promise<void>;
  /** Stops the process with SIGSTOP. Disposal: it goes on, where it has not been started again. */
  pause(): Disposable;
  /** A request to it, answered within 10 s. */
  ask(path: string, init?: RequestInit): Promise<{ status: number; text: string }>;
  /** What it says of the members. */
  members(): Promise<MemberView[]>;
}

const membersAnswer = z.object({ data: z.array(memberView) });

const FLAGS = ["--web.enable-lifecycle", "--web.enable-admin-api"];
/** It takes 10 s at most for the requests in flight; the rest is for a busy machine. */
const STOP_MS_MAX = 30_000;

/** Starts an instance on a free port and waits until it listens. */
export async function startInstance(
  { name, config: first }: { readonly name: string; readonly config: string },
): Promise<Instance> {
  const address = `127.0.0.1:${freePort()}`;
  const url = `http://${address}`;
  const log: string[] = [];
  let config = first;
  const start = () =>
    startService({
      config,
      flags: [`--web.listen-address=${address}`, ...FLAGS],
      onOutput: (text) => log.push(text),
    });
  let service: Service | undefined = await start();

  /** Absent: it could not be started again, which the run has failed by. */
  const running = () => {
    if (!service) throw new Error(`${name} does not run`);
    return service;
  };
  const ask = (path: string, init?: RequestInit) => request(`${url}${path}`, init);
  return {
    name,
    url,
    log: () => log.join(""),
    async configure(text) {
      config = text;
      await running().configure(text);
    },
    async reload() {
      const { status, text } = await ask("/-/reload", { method: "POST" });
      if (status !== 200) {
        throw new Error(`${name}: reload: expected 200, found ${status}: ${text}`);
      }
    },
    async restart() {
      const { process } = running();
      process.kill("SIGTERM");
      const ended = await within(STOP_MS_MAX, process.exited);
      await running()[Symbol.asyncDispose]();
      service = undefined;
      const { code, signal } = await process.exited;
      if (!ended || code !== 0) {
        const found = ended
          ? `found ${signal ?? `code ${code}`}`
          : `it ran after ${STOP_MS_MAX} ms`;
        throw new Error(`${name}: SIGTERM: expected exit with 0, ${found}`);
      }
      service = await start();
    },
    pause() {
      const { process } = running();
      process.kill("SIGSTOP");
      return { [Symbol.dispose]: () => process.kill("SIGCONT") };
    },
    ask,
    async members() {
      const { status, text } = await ask("/api/v1/members");
      if (status !== 200) {
        throw new Error(`${name}: members: expected 200, found ${status}: ${text}`);
      }
      return membersAnswer.parse(JSON.parse(text)).data;
    },
    async [Symbol.asyncDispose]() {
      await service?.[Symbol.asyncDispose]();
    },
  };
}
