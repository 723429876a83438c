/** The service inside the test's own process. @module */

import { type AppOptions, runApp, type RunningApp } from "../../src/service/app.ts";
import { buildInfo } from "../../src/build.ts";
import { getLogger } from "@logtape/logtape";

/** A running service; disposal ends it and awaits all that it does. */
export interface TestApp extends RunningApp, AsyncDisposable {
  readonly url: string;
  /** Its configuration file. */
  readonly configFile: string;
}

/** Runs the service on a free port of 127.0.0.1; it logs to nowhere. */
export async function startApp(
  config: string,
  options: Partial<AppOptions> = {},
): Promise<TestApp> {
  const configFile = await Deno.makeTempFile({ prefix: "dynamic-sharding-", suffix: ".yml" });
  await Deno.writeTextFile(configFile, config);
  const stop = new AbortController();
  const listening = Promise.withResolvers<RunningApp>();
  const finished = runApp({
    configFile,
    listen: { hostname: "127.0.0.1", port: 0 },
    enableLifecycle: true,
    enableAdminApi: true,
    env: () => undefined,
    build: buildInfo(),
    log: getLogger("nowhere"),
    onListening: listening.resolve,
    ...options,
  }, stop.signal);
  const app = await Promise.race([listening.promise, finished.then(() => listening.promise)]);
  return {
    ...app,
    configFile,
    url: `http://127.0.0.1:${app.address.port}`,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await finished;
      await Deno.remove(configFile);
    },
  };
}
