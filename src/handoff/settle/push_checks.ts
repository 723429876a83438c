/**
 * Finds out whether members check each push against all that they hold, as a Pushgateway does unless it runs
 * with `--push.disable-consistency-check`. A drain into them takes as long as their checks.
 *
 * @module
 */

import type { Member } from "../../member.ts";
import type { Membership } from "../../membership/membership.ts";
import { type Gateways, MemberFailure } from "../gateways.ts";

/** What asking members needs. */
export interface PushChecksDeps {
  readonly gateways: Pick<Gateways, "checksPushes">;
  readonly membership: () => Pick<Membership, "records">;
}

/** What is known of members so far. */
export interface PushChecks {
  /**
   * Asks members, once for each process. A member that does not answer is asked again by the next call.
   *
   * @throws the signal's reason when it aborts
   */
  ask(members: readonly Member[], signal: AbortSignal): Promise<void>;
  /**
   * Whether any of them checks pushes. `undefined` if none says that it does, and not all say that they do
   * not.
   */
  anyOf(members: readonly Member[]): boolean | undefined;
}

/** Creates the checks, with nothing known. */
export function createPushChecks({ gateways, membership }: PushChecksDeps): PushChecks {
  /** With the start of the process that was asked: the next process may have been given the flag. */
  const told = new Map<Member, { readonly started?: string; readonly checks?: boolean }>();

  async function ask(member: Member, signal: AbortSignal): Promise<void> {
    const started = membership().records.get(member)?.started;
    const known = told.get(member);
    if (known && known.started === started) return;
    try {
      told.set(member, { started, checks: await gateways.checksPushes(member, signal) });
    } catch (failure) {
      if (!(failure instanceof MemberFailure)) throw failure; // other parts report that it does not answer
    }
  }

  return {
    async ask(members, signal) {
      await Promise.all(members.map((member) => ask(member, signal)));
    },
    anyOf(members) {
      const all = members.map((member) => told.get(member)?.checks);
      if (all.includes(true)) return true;
      return all.length > 0 && all.every((checks) => checks === false) ? false : undefined;
    },
  };
}
