/** Sends the requests of commands to the API of a running service. @module */

import { z } from "zod";
import { errorText } from "../log.ts";

const failure = z.object({ error: z.string() });

/**
 * Sends a request and reads the `data` of its answer.
 *
 * @param base URL of the service, as `http://localhost:9292`
 * @throws {Error} when it does not answer, refuses, or answers something else
 */
export async function ask<T>(
  base: string,
  { method = "GET", path, data }: {
    readonly method?: string;
    readonly path: string;
    readonly data: z.ZodType<T>;
  },
): Promise<T> {
  if (!/^https?:\/\//.test(base)) {
    throw new TypeError(`--url: expected a URL as in http://localhost:9292, found ${base}`);
  }
  const url = `${base.replace(/\/$/, "")}${path}`;
  let text: string;
  let status: number;
  try {
    const response = await fetch(url, { method, headers: { accept: "application/json" } });
    status = response.status;
    text = await response.text();
  } catch (cause) {
    throw new Error(`no answer from ${base}: ${errorText(cause)} (is --url right?)`);
  }
  const json = parseJson(text);
  if (status >= 300) {
    const { data: refusal } = failure.safeParse(json);
    const hint = status === 403 ? " (it needs --web.enable-admin-api)" : "";
    if (refusal) throw new Error(`${url} answered ${status}: ${refusal.error}${hint}`);
    throw new Error(
      `${url}: expected dynamic-sharding, found ${status}: ${text.trim().slice(0, 80)}`,
    );
  }
  const parsed = z.object({ data }).safeParse(json);
  if (parsed.success) return parsed.data.data;
  throw new Error(`${url}: expected dynamic-sharding, found ${z.prettifyError(parsed.error)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
