/** What a client says of itself. @module */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Client, pushWith } from "./client.ts";

/** The User-Agent of a client's push, seen by a server that says it took it. */
export async function userAgentOf(client: Client): Promise<string | undefined> {
  let seen: string | undefined;
  // Not Deno.serve, which keeps from its handler what offers an upgrade to HTTP/2.
  const server = createServer((request, response) => {
    seen = request.headers["user-agent"];
    request.resume().on("end", () => response.writeHead(200, { connection: "close" }).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { error } = await pushWith(client, {
      method: "PUT",
      address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      group: { job: "agent", instance: "a" },
      metric: "pushed",
      value: 1,
    });
    if (error !== undefined) throw new Error(`${client.name} pushes to a server: ${error}`);
    return seen;
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
}
