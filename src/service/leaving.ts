/**
 * Knows which members their operators have told to leave. With Consul every instance knows it, by keys in its
 * KV store. Without Consul, or without rights to those keys, only this instance knows it, until it ends.
 *
 * @module
 */

import { sleep } from "../concurrency/backoff.ts";
import { deadline } from "../concurrency/deadline.ts";
import { isForbidden } from "../consul/client.ts";
import { MARK_TEXT, markKey, markPrefix } from "../consul/keys.ts";
import { watchMarks } from "../consul/marks.ts";
import { errorText, type Logger } from "../log.ts";
import { createTrouble, createTroubles } from "../log/trouble.ts";
import { type Member, parseMember } from "../member.ts";
import type { MembershipEvent } from "../membership/membership.ts";
import type { ConsulLink } from "./consul_link.ts";

/** What following marks needs. */
export interface LeavingDeps {
  /** Returns the link to Consul that is used now. */
  readonly link: () => ConsulLink | undefined;
  readonly tell: (event: MembershipEvent) => void;
  readonly random: () => number;
  readonly log: Logger;
}

/** The marks of leaving members. */
export interface Leaving {
  /**
   * Marks a member as leaving, or removes its mark.
   *
   * @throws if Consul does not answer
   */
  mark(member: Member, leaving: boolean): Promise<void>;
  /** Marks a member in this instance only. */
  markHere(member: Member): void;
  /** Removes a mark that is in this instance only. */
  unmarkHere(member: Member): void;
  /** Called when another link to Consul is used, or none. The marks of the last one no longer count. */
  linkChanged(): void;
  /**
   * Waits until Consul was asked for its marks, with or without success, or the signal aborts, for 5 s at
   * most. A ring that is made before would contain leaving members.
   */
  looked(link: ConsulLink, signal: AbortSignal): Promise<void>;
  /** Follows the marks in Consul until the signal aborts. */
  follow(link: ConsulLink, signal: AbortSignal): Promise<void>;
}

const CALL_MS_MAX = 5_000;
const NOT_SET =
  "setting the mark of a leaving member failed: only this instance knows, until it restarts";

/** Creates the marks, with no member marked. */
export function createLeaving({ link, tell, random, log }: LeavingDeps): Leaving {
  const here = new Set<Member>();
  const marks = createTroubles();
  /** The marks in Consul, as of the link that is used now. */
  let shared: readonly Member[] = [];
  /** Aborted when the Consul of a link was asked. */
  const asked = new WeakMap<ConsulLink, AbortController>();
  const publish = () => tell({ kind: "marked", members: new Set([...here, ...shared]) });

  function wasAsked(link: ConsulLink): AbortController {
    const known = asked.get(link) ?? new AbortController();
    asked.set(link, known);
    return known;
  }

  function markHere(member: Member): void {
    here.add(member);
    publish();
  }

  function unmarkHere(member: Member): void {
    if (here.delete(member)) publish();
  }

  return {
    async mark(member, leaving) {
      if (!leaving) unmarkHere(member);
      const present = link();
      if (!present) return leaving ? markHere(member) : undefined;
      const key = markKey(present.serviceName, member);
      using late = deadline(CALL_MS_MAX);
      try {
        if (leaving) await present.client.setKey(key, MARK_TEXT, late.signal);
        else await present.client.deleteKey(key, late.signal);
      } catch (error) {
        if (!isForbidden(error)) throw error;
        const fields = { consul: present.client.url, member, key, err: errorText(error) };
        log.warn(NOT_SET, fields);
        if (leaving) markHere(member);
      }
    },
    markHere,
    unmarkHere,
    linkChanged() {
      shared = [];
      publish();
    },
    async looked(link, signal) {
      await sleep(CALL_MS_MAX, AbortSignal.any([signal, wasAsked(link).signal]));
    },
    async follow(own, signal) {
      const { client, serviceName } = own;
      const prefix = markPrefix(serviceName);
      const trouble = createTrouble();
      const consul = client.url;
      for await (const look of watchMarks(client, prefix, { random }, signal)) {
        if (link() !== own) return; // another link is used by now
        if (look.kind === "marks") {
          const marked = [...look.names].flatMap((name) => memberOf(name, prefix));
          const lost = look.reset ? shared.filter((member) => !marked.includes(member)) : [];
          const past = trouble.over();
          if (past) {
            log.info("reading the marks of leaving members works again", { consul, ...past });
          }
          shared = [...marked, ...lost];
          publish();
          for (const member of lost) await restore(member, { client, serviceName, signal });
        } else if (trouble.isNews(look.cause)) {
          const fields = { consul, prefix, err: errorText(look.cause) };
          log.warn(
            "reading the marks of leaving members failed: the last known marks stay",
            fields,
          );
        }
        wasAsked(own).abort();
      }
    },
  };

  /** Sets a mark again that Consul has lost, and that nobody has removed. */
  async function restore(
    member: Member,
    { client, serviceName, signal }: {
      client: ConsulLink["client"];
      serviceName: string;
      signal: AbortSignal;
    },
  ): Promise<void> {
    const key = markKey(serviceName, member);
    using late = deadline(CALL_MS_MAX, signal);
    try {
      await client.setKey(key, MARK_TEXT, late.signal);
      const fields = { consul: client.url, member, key };
      log.info("Consul has lost the mark of a leaving member: it is set again", fields);
    } catch (error) {
      if (signal.aborted) return;
      log.warn(NOT_SET, { consul: client.url, member, key, err: errorText(error) });
    }
  }

  function memberOf(name: string, prefix: string): Member[] {
    try {
      return [parseMember(name)];
    } catch (error) {
      const [key, err] = [prefix + name, errorText(error)];
      if (marks.isNews(key, err)) {
        log.warn("mark in Consul is not named after a member", { key, err });
      }
      return [];
    }
  }
}
