/**
 * Pushes while the service is started again and again on the same address, and prints as JSON what
 * became of the pushes. `restart_test.ts` runs it.
 *
 *     deno run -A restart_pushes.ts [RESTARTS] [tls]
 *
 * @module
 */

import { sleep } from "../../src/concurrency/backoff.ts";
import { startConsul } from "../../tools/consul.ts";
import { freePort } from "../../tools/ports.ts";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { type Service, startService } from "./service.ts";
import { pushSteadily } from "./steady_client.ts";
import { createWebFile } from "../tls/web_file.ts";

const [restartsText = "10", way = "plain"] = Deno.args;
/** Over TLS the client of a push has most of the work. */
const PER_SECOND = way === "tls" ? 30 : 200;
const RESTARTS = Number(restartsText);
const BETWEEN_MS = 300;

await using consul = await startConsul();
await using first = await startPushgateway();
await using second = await startPushgateway();
await using web = way === "tls" ? await createWebFile() : undefined;
const port = freePort();
const servers = JSON.stringify([first.address, second.address]);
const start = () =>
  startService({
    config: `mode: proxy\nconsul_server: {addr: "${consul.address}", check_interval: 1s}\n` +
      `pushgateway: {servers: ${servers}}\n`,
    flags: [
      "--web.reuse-port",
      `--web.listen-address=127.0.0.1:${port}`,
      ...(web ? [`--web.config.file=${web.file}`] : []),
    ],
    asked: web,
  });
await using services = new AsyncDisposableStack();
let running: Service = services.use(await start());
const stop = new AbortController();
const pushing = pushSteadily(port, { perSecond: PER_SECOND, signal: stop.signal, ...web });
const codes: number[] = [];
for (let restarts = 0; restarts < RESTARTS; restarts++) {
  await sleep(BETWEEN_MS);
  const next = services.use(await start());
  codes.push((await running.process.stop()).code);
  running = next;
}
await sleep(BETWEEN_MS);
stop.abort();
console.log(JSON.stringify({ ...await pushing, codes }));
