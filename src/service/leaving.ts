/**
 * Which members their operators want out. With Consul every instance knows, by keys in its KV store;
 * without it, or without rights to those, this instance alone and until it ends.
 *
 * @module
 */

import { sleep } from "../concurrency/backoff.ts";
import { isStatus } from "../consul/client.ts";
import { MARK_TEXT, markKey, markPrefix } from "../consul/keys.ts";
import { watchMarks } from "../consul/marks.ts";
import { errorText, type Logger } from "../log.ts";
import { type Member, parseMember } from "../member.ts";
import type { MembershipEvent } from "../membership/membership.ts";
import type { ConsulTerm } from "./term.ts";

/** What following marks takes. */
export interface LeavingDeps {
  readonly consul: () => ConsulTerm | undefined;
  readonly tell: (event: MembershipEvent) => void;
  readonly random: () => number;
  readonly log: Logger;
}

/** The marks of leaving members. */
export interface Leaving {
  /**
   * Marks a member, or takes its mark back.
   *
   * @throws where Consul does not answer
   */
  mark(member: Member, leaving: boolean): Promise<void>;
  /** Marks it in this instance alone. */
  markHere(member: Member): void;
  /** Takes that back. */
  unmarkHere(member: Member): void;
  /**
   * Ends once Consul was asked for its marks, with or without success, or the signal aborts: a ring
   * that is made before would hold members that are to be out of it.
   */
  looked(signal: AbortSignal): Promise<void>;
  /** Follows the marks in Consul until the signal aborts. */
  follow(consul: ConsulTerm, signal: AbortSignal): Promise<void>;
}

const CALL_MS_MAX = 5_000;

/** Makes it, with nobody marked. */
export function createLeaving({ consul, tell, random, log }: LeavingDeps): Leaving {
  const here = new Set<Member>();
  let shared: readonly Member[] = [];
  const observed = new AbortController();
  const publish = () => tell({ kind: "marked", members: new Set([...here, ...shared]) });

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
      const present = consul();
      if (!present) return leaving ? markHere(member) : undefined;
      const key = markKey(present.config.serviceName, member);
      const signal = AbortSignal.timeout(CALL_MS_MAX);
      try {
        if (leaving) await present.client.setKey(key, MARK_TEXT, signal);
        else await present.client.deleteKey(key, signal);
      } catch (error) {
        if (!isStatus(error, 403)) throw error;
        log.warn("the Consul token has no rights to marks: only this instance knows", { member });
        if (leaving) markHere(member);
      }
    },
    markHere,
    unmarkHere,
    async looked(signal) {
      await sleep(CALL_MS_MAX, AbortSignal.any([signal, observed.signal]));
    },
    async follow({ client, config: { serviceName } }, signal) {
      const prefix = markPrefix(serviceName);
      let failing = false;
      for await (const look of watchMarks(client, prefix, { random }, signal)) {
        if (look.kind === "marks") {
          const marked = [...look.names].flatMap((name) => memberOf(name, prefix));
          const lost = look.reset ? shared.filter((member) => !marked.includes(member)) : [];
          shared = [...marked, ...lost];
          publish();
          for (const member of lost) await restore(member, { client, serviceName, signal });
        } else if (!failing) {
          const fields = { prefix, err: errorText(look.cause) };
          log.warn("marks of leaving members cannot be read, the last known ones stay", fields);
        }
        failing = look.kind === "failed";
        observed.abort();
      }
    },
  };

  /** Consul has lost a mark, which nobody took back. */
  async function restore(
    member: Member,
    { client, serviceName, signal }: {
      client: ConsulTerm["client"];
      serviceName: string;
      signal: AbortSignal;
    },
  ): Promise<void> {
    const key = markKey(serviceName, member);
    try {
      await client.setKey(
        key,
        MARK_TEXT,
        AbortSignal.any([signal, AbortSignal.timeout(CALL_MS_MAX)]),
      );
      log.info("Consul has lost the mark of a leaving member: it is set again", { member });
    } catch (error) {
      if (signal.aborted) return;
      const fields = { member, key, err: errorText(error) };
      log.warn(
        "the mark of a leaving member cannot be set again: only this instance knows",
        fields,
      );
    }
  }

  function memberOf(name: string, prefix: string): Member[] {
    try {
      return [parseMember(name)];
    } catch (error) {
      log.warn("mark in Consul names no member", { key: prefix + name, err: errorText(error) });
      return [];
    }
  }
}
