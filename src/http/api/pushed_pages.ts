/**
 * Opens the pages of all members so that each group is on one of them, and decides which samples of each page
 * are shown.
 *
 * A page shows a Pushgateway at one moment, and a group that is moved is first copied, then deleted. If the
 * page of the member that it leaves were newer than the page of the member that it goes to, the group could
 * be missing on both. So the members that groups leave are asked first, and the others when these pages have
 * begun to arrive. If no group is out of place, all members are asked at once.
 *
 * @module
 */

import { abandonable } from "../../concurrency/abort.ts";
import { cooperate } from "../../concurrency/cooperate.ts";
import { deadline } from "../../concurrency/deadline.ts";
import type { Handoff } from "../../handoff/handoff.ts";
import { countCopies } from "../../handoff/plan/counted_copies.ts";
import type { Member } from "../../member.ts";
import type { Transport } from "../../pushgateway/client/transport.ts";
import { escapingOf } from "../../pushgateway/pages/escaping.ts";
import type { Shows } from "../../pushgateway/pages/merge_families.ts";
import { type OpenPage, openPage } from "../../pushgateway/pages/open_page.ts";
import type { PushTimes } from "../../pushgateway/push_times.ts";
import { learnGroups } from "../../pushgateway/sample_groups.ts";
import { headerValue } from "../../wire/headers.ts";
import { type PagePart, shownSamples } from "./shown_samples.ts";

/** What opening pages needs. */
export interface PagesDeps {
  readonly way: () => { readonly transport: Transport };
  readonly handoff: Pick<Handoff, "enabled" | "areInPlace" | "pushTimes" | "ownerOf">;
}

/** Which pages are opened, and how. */
export interface PagesRequest {
  readonly members: readonly Member[];
  /** Media types for `Accept`. */
  readonly accept: string;
  /** The timeout for the complete pages, including the time to read them. */
  readonly msMax: number;
  /** Aborts the pages even after they are open. */
  readonly signal: AbortSignal;
}

/** The page of a member. */
export interface MemberPage extends OpenPage {
  readonly member: Member;
  readonly contentType: string;
  /** Which samples are shown. Absent: all of them. */
  readonly shows?: Shows;
}

/** Pages that have begun to arrive. */
export interface MemberPages {
  /**
   * Sorted by precedence: of two pages with the same metric, the first one counts. A member may have two
   * pages.
   */
  readonly pages: readonly MemberPage[];
  /** Why the other members have no page. */
  readonly failed: ReadonlyMap<Member, unknown>;
}

/** The part of the timeout within which a page has to begin. */
const BEGIN_PART = 0.75;

/**
 * Opens the pages. A caller that does not read all of them to the end has to abort the signal.
 *
 * @throws the signal's reason when it aborts
 */
export async function openPages(
  { members, accept, msMax, signal }: PagesRequest,
  { way, handoff }: PagesDeps,
): Promise<MemberPages> {
  const beginMsMax = Math.round(msMax * BEGIN_PART);
  using late = deadline(beginMsMax, signal);
  const failed = new Map<Member, unknown>();

  /** Runs work for all members at once. Leaves out members for which it fails. */
  async function ofEach<T>(
    some: readonly Member[],
    work: (member: Member) => Promise<T>,
  ): Promise<Map<Member, T>> {
    const done = await Promise.all(some.map(async (member) => {
      try {
        return [[member, await work(member)] as const];
      } catch (error) {
        signal.throwIfAborted();
        const isLate = late.signal.aborted;
        failed.set(member, isLate ? new Error(`no page within ${beginMsMax} ms`) : error);
        return [];
      }
    }));
    return new Map(done.flat());
  }

  async function open(member: Member): Promise<OpenPage> {
    const own = new AbortController();
    const opening = openPage(member, { target: "/metrics", accept }, {
      ...way(),
      timeoutMs: msMax,
      signal: AbortSignal.any([signal, own.signal]),
    });
    try {
      return await abandonable(opening, late.signal);
    } catch (error) {
      own.abort();
      throw error;
    }
  }

  if (handoff.areInPlace(new Set(members))) {
    const pages = await ofEach(members, open);
    return { pages: [...pages].map(([member, page]) => memberPage(member, page)), failed };
  }
  const inventories = await ofEach(members, (member) => handoff.pushTimes(member, late.signal));
  const counted = await cooperate(countCopies(inventories, handoff.ownerOf), signal);
  const learnt = await cooperate(learnGroups(idsOf(inventories)), signal);
  const isOn = (member: Member, id: string) => inventories.get(member)?.times.has(id) ?? false;
  const { outdone, underway, destinations } = counted;
  const isLater = (member: Member) => !underway.has(member) || destinations.has(member);
  const former = await ofEach([...underway.keys()], open);
  const later = await ofEach([...inventories.keys()].filter(isLater), open);
  const known = { counted, isOn, members: [...inventories.keys()] };
  // If handoff is enabled, a push may put a copy on any member for a moment.
  const mayDiffer = (member: Member) =>
    handoff.enabled || outdone.has(member) || underway.has(member) || destinations.has(member);

  function pagesOf(
    opened: ReadonlyMap<Member, OpenPage>,
    others: ReadonlyMap<Member, OpenPage>,
    partBesideOther: PagePart,
  ): MemberPage[] {
    return [...opened].map(([member, open]) => {
      const page = memberPage(member, open);
      if (!mayDiffer(member)) return page;
      const part = others.has(member) ? partBesideOther : "whole";
      const find = learnt(escapingOf(page.contentType));
      return { ...page, shows: shownSamples({ member, part, find }, known) };
    });
  }
  const pages = [...pagesOf(later, former, "rest"), ...pagesOf(former, later, "leaving")];
  return { pages, failed };
}

function* idsOf(inventories: ReadonlyMap<Member, PushTimes>): Generator<string> {
  for (const { times } of inventories.values()) yield* times.keys();
}

function memberPage(member: Member, page: OpenPage): MemberPage {
  return { ...page, member, contentType: headerValue(page.headers, "content-type") ?? "" };
}
