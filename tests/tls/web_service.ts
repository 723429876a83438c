/** The service as an operator runs it, with a web configuration: TLS and passwords. @module */

import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { type Service, startService } from "../integration/service.ts";
import { createWebFile, type WebFile, type WebParts } from "./web_file.ts";

/** A service with TLS and a user, before Pushgateways. Disposal stops all. */
export interface WebService extends AsyncDisposable {
  readonly service: Service;
  readonly gateways: readonly Pushgateway[];
  readonly web: WebFile;
}

/** Starts it, and waits until it takes pushes. */
export async function startWebService(
  { mode = "auto", routePrefix = "", gateways: number = 1, flags = [], parts = {} }: {
    readonly mode?: string;
    /** Of the Pushgateways. */
    readonly routePrefix?: string;
    /** How many; one by default. */
    readonly gateways?: number;
    readonly flags?: readonly string[];
    readonly parts?: WebParts;
  } = {},
): Promise<WebService> {
  await using stack = new AsyncDisposableStack();
  const web = stack.use(await createWebFile(parts));
  const gateways: Pushgateway[] = [];
  while (gateways.length < number) {
    gateways.push(stack.use(await startPushgateway({ routePrefix })));
  }
  const pushgateway = JSON.stringify({
    servers: gateways.map(({ address }) => address),
    ...(routePrefix && { route_prefix: routePrefix }),
  });
  const service = stack.use(
    await startService({
      config: `mode: ${mode}\npushgateway: ${pushgateway}\n`,
      flags: ["--web.enable-lifecycle", `--web.config.file=${web.file}`, ...flags],
      asked: web,
    }),
  );
  await service.waitForActive(number);
  const owned = stack.move();
  return { service, gateways, web, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
