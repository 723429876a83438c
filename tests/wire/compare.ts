/**
 * Compares what two servers have made of the same bytes. Pure; knows nothing of which differences are
 * meant.
 *
 * @module
 */

import type { Answer } from "./answers.ts";
import type { Exchange } from "./exchange.ts";
import { requestBehind, type RequestText } from "./request_text.ts";

/**
 * What can differ first. Ours is
 *
 * - `stricter`: it refuses what the other one takes;
 * - `laxer`: it takes what the other one refuses, or does not see;
 * - `status`: both refuse, with another status;
 * - `silent`: it says nothing where the other one answers;
 * - `outspoken`: it refuses where the other one says nothing;
 * - `unreadable`: it sends what is no answer;
 * - `open`: it goes on to read where the other one has closed;
 * - `closed`: it closes where the other one goes on to read.
 *
 * These may be meant. Two never are: ours has
 *
 * - `another request`: understood another one than the other server, at the same place;
 * - `gone on`: answered again after a refusal.
 */
export type Kind =
  | "stricter"
  | "laxer"
  | "status"
  | "silent"
  | "outspoken"
  | "open"
  | "closed"
  | "another request"
  | "gone on"
  | "unreadable";

/** The first thing in which ours differs on a connection. */
export interface Difference {
  readonly kind: Kind;
  /** How many requests both have understood alike before it. */
  readonly index: number;
  readonly ours?: Answer;
  readonly theirs?: Answer;
  /** Whether ours has left the connection open, for it waits for more. */
  readonly waiting: boolean;
  /** The request that it is about, read leniently. */
  readonly request: RequestText;
  /** The one before it, which may have been the last to be answered. */
  readonly previous?: RequestText;
}

/**
 * Finds the first difference, if there is any.
 *
 * @param sent all bytes of the connection, one character for each
 */
export function compare(sent: string, ours: Exchange, theirs: Exchange): Difference | undefined {
  const agreed: { readonly length?: number }[] = [];
  const differ = (kind: Kind, own?: Answer, other?: Answer): Difference => ({
    kind,
    index: agreed.length,
    ...(own && { ours: own }),
    ...(other && { theirs: other }),
    waiting: !ours.closed,
    ...requestBehind(sent, agreed),
  });
  for (let i = 0;; i++) {
    const [own, other] = [ours.answers[i], theirs.answers[i]];
    if (own === undefined && ours.fault !== undefined) return differ("unreadable", own, other);
    if (own === undefined && other === undefined) break;
    if (own === undefined) return differ("silent", own, other);
    if (isRefusal(own)) {
      if (ours.answers.length > i + 1 || ours.fault !== undefined) {
        return differ("gone on", own, other);
      }
      if (other === undefined && theirs.reset) break; // it has refused as well, and that is lost
      if (other === undefined) return differ("outspoken", own, other);
      if (!isRefusal(other)) return differ("stricter", own, other);
      if (own.status !== other.status) return differ("status", own, other);
      break;
    }
    if (other === undefined || isRefusal(other)) return differ("laxer", own, other);
    if (!isSame(own, other)) return differ("another request", own, other);
    agreed.push({ length: own.echo?.length ?? other.echo?.length });
  }
  if (ours.closed !== theirs.closed) return differ(ours.closed ? "closed" : "open");
  return undefined;
}

function isRefusal({ status }: Answer): boolean {
  return status >= 400;
}

/** A server that does not say what it has understood, as in an answer to a HEAD, is taken at its status. */
function isSame({ status, echo: one }: Answer, { status: otherStatus, echo: other }: Answer) {
  if (one === undefined || other === undefined) {
    return Math.floor(status / 100) === Math.floor(otherStatus / 100);
  }
  if (one.method !== other.method || originForm(one.target) !== originForm(other.target)) {
    return false;
  }
  if (one.length === undefined || other.length === undefined) return true;
  return one.length === other.length && one.crc === other.crc;
}

/** Path and query; a server that has understood an absolute form may have taken the rest off. */
function originForm(target: string): string {
  const [, rest] = /^https?:\/\/[^/?]*(.*)$/is.exec(target) ?? [];
  if (rest === undefined) return target;
  return rest.startsWith("/") ? rest : `/${rest}`;
}
