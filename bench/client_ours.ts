/** Our own client, as the service opens it for the members' API. @module */

import { createDeadlines } from "../src/concurrency/deadlines.ts";
import { openTransport } from "../src/pushgateway/client/transport.ts";
import { TIMEOUT_MS, type WorkClient } from "./client_work.ts";

const UPSTREAM = { scheme: "http", routePrefix: "", tls: {} } as const;
const API_ANSWERS = { bytesMax: 2 ** 30, beyond: "error" } as const;

/** Opens it; nothing is connected yet. */
export function openOurs(): WorkClient {
  const deadlines = createDeadlines();
  const transport = openTransport(UPSTREAM, {
    idleMax: 4,
    answers: API_ANSWERS,
    certificates: () => ({}),
    deadlines,
  });
  return {
    async exchange(member, request) {
      const answer = await transport.send(member, { headers: [], ...request }, {
        timeoutMs: TIMEOUT_MS,
      });
      return { status: answer.status, bytes: answer.body.length };
    },
    async readPage(member, target) {
      let bytes = 0;
      const { status } = await transport.send(member, { method: "GET", target, headers: [] }, {
        timeoutMs: TIMEOUT_MS,
        onBody: (chunk) => void (bytes += chunk.length),
      });
      return { status, bytes };
    },
    close() {
      transport[Symbol.dispose]();
      deadlines[Symbol.dispose]();
    },
  };
}
