/** Requests and replies for tests, from and to the web's own types. @module */

import type { Deadline, Deadlines } from "../../src/concurrency/deadlines.ts";
import type { IncomingRequest, Parts, Reply } from "../../src/http/message.ts";

/** A client's address, from the range for documentation. */
export const CLIENT = "192.0.2.7";

const UNTIMED: Deadline = { set() {}, clear() {} };

/** Deadlines that never pass. */
export const NO_DEADLINES: Deadlines = {
  create: () => UNTIMED,
  set: () => UNTIMED,
  [Symbol.dispose]() {},
};

/** The request as the server would hand it over; its body comes as the stream does. */
export function incoming(request: Request): IncomingRequest {
  const { method, headers } = request;
  const url = request.url;
  const path = url.indexOf("/", "https://".length);
  const length = headers.get("content-length");
  const isChunked = headers.has("transfer-encoding") || length === null && request.body !== null;
  const reader = request.body?.getReader();
  let left = new Uint8Array();
  return {
    method,
    target: path < 0 ? "/" : url.slice(path),
    version: "1.1",
    headers: [...headers].flat(),
    client: CLIENT,
    expectsContinue: headers.has("expect"),
    body: {
      length: isChunked ? undefined : Number(length),
      isThere: request.body === null,
      async read(into) {
        while (left.length === 0) {
          const { done, value } = await reader?.read() ?? { done: true };
          if (done || !value) return 0;
          left = value;
        }
        const part = left.subarray(0, into.length);
        into.set(part);
        left = left.subarray(part.length);
        return part.length;
      },
    },
  };
}

/** The reply as a client would have it, but for what frames its body. */
export function answerOf({ status, headers, body }: Reply): Response {
  const all: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) all.push([headers[i], headers[i + 1]]);
  const isParts = typeof body === "object" && "next" in body;
  const content = isParts ? streamOf(body) : body.length > 0 ? body as BodyInit : null;
  return new Response(content, { status, headers: all });
}

function streamOf(parts: Parts): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
      if (done) await parts.return();
    },
    cancel: async () => void await parts.return(),
  });
}
