/** Basic authentication: RFC 7617. @module */

import { Buffer } from "node:buffer";
import { headerValue } from "./headers.ts";

/** A user and a password, not checked. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const BASIC = /^basic +/i;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Returns the value of an `Authorization` header. */
export function basicAuthorization({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/**
 * Reads the credentials of a request from its headers. Returns `undefined` if there are none, or of another
 * scheme.
 */
export function basicCredentials(headers: readonly string[]): Credentials | undefined {
  const value = headerValue(headers, "authorization");
  const scheme = value && BASIC.exec(value)?.[0];
  if (!scheme) return undefined;
  let text: string;
  try {
    text = decoder.decode(Buffer.from(value.slice(scheme.length), "base64"));
  } catch {
    return undefined; // not UTF-8
  }
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
