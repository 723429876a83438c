/** Requests over TLS to a server of a test's own, whatever its certificate is. @module */

import { request } from "node:https";
import type { Certificate } from "./certificates.ts";

/** What one request takes. */
export interface HttpsOptions {
  readonly method?: string;
  readonly signal?: AbortSignal;
  /** The client's own, for servers that ask for one. */
  readonly certificate?: Certificate;
}

/** One request, its body read to the end. */
export async function httpsRequest(
  url: string,
  { method = "GET", signal, certificate }: HttpsOptions = {},
): Promise<{ status: number; text: string }> {
  const own = certificate && {
    cert: await Deno.readTextFile(certificate.cert),
    key: await Deno.readTextFile(certificate.key),
  };
  const options = { method, ...(signal && { signal }), ...own, rejectUnauthorized: false };
  return await new Promise((resolve, reject) => {
    const sending = request(url, { ...options, agent: false }, async (answer) => {
      try {
        let text = "";
        for await (const chunk of answer.setEncoding("utf8")) text += chunk;
        resolve({ status: answer.statusCode ?? 0, text });
      } catch (error) {
        reject(error);
      }
    });
    sending.on("error", reject).end();
  });
}
