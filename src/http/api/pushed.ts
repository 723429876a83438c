/**
 * `GET /pushed`: the groups of all members as one page, each group once, for scrapers that cannot reach the
 * members. The page is produced while it is read.
 *
 * @module
 */

import { errorText, type Logger } from "../../log.ts";
import { createTroubles } from "../../log/trouble.ts";
import type { Member } from "../../member.ts";
import { isUnescaped } from "../../pushgateway/pages/escaping.ts";
import type {
  FamilyHead,
  FamilyReader,
  Gauge,
  PageFormat,
} from "../../pushgateway/pages/families.ts";
import { mergeFamilies, wholePage } from "../../pushgateway/pages/merge_families.ts";
import { PROTOBUF_FORMAT } from "../../pushgateway/pages/protobuf_families.ts";
import { createTextFormat } from "../../pushgateway/pages/text_families.ts";
import { PARTIAL_FAMILY } from "../../pushgateway/partial.ts";
import { BodyFailure, type IncomingRequest, type Parts, Reply, textReply } from "../message.ts";
import { isSwept, servingMembers, type Snapshot } from "../snapshot.ts";
import { gzip } from "./gzip.ts";
import { type MemberPage, type MemberPages, openPages, type PagesDeps } from "./pushed_pages.ts";
import { readScrapeRequest, type ScrapeRequest } from "./scrape_request.ts";

/** What the page needs. */
export interface PushedDeps extends PagesDeps {
  readonly snapshot: () => Snapshot;
  /** Whether discovery has a view of its own that is not known here yet. */
  readonly awaitsDiscovery: () => boolean;
  readonly log: Logger;
}

/** Answers a scrape. */
export type Pushed = (request: Pick<IncomingRequest, "target" | "headers">) => Promise<Reply>;

/** The family that shows for each member whether its groups are on the page. */
const UP_FAMILY = "dynamic_sharding_pushed_up";
const UP_HELP = "Whether the groups of a Pushgateway are on this page.";
/** Our own families. Those of the same name in groups are left out. */
const INTERNAL = new Set([UP_FAMILY, PARTIAL_FAMILY]);
const TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
/** The most attempts to open the pages, because the ring may change meanwhile. */
const TRIES_MAX = 3;

/** Creates the answer. */
export function createPushed(deps: PushedDeps): Pushed {
  const { snapshot, handoff, log } = deps;
  const [unread, conflicting] = [createTroubles(), createTroubles()];

  function noteUnread(member: Member, error: unknown): void {
    if (!unread.isNews(member, error)) return;
    log.warn("reading a member for /pushed failed", { member, err: errorText(error) });
  }

  function noteRead(member: Member): void {
    const past = unread.over(member);
    if (past) log.info("reading a member for /pushed works again", { member, ...past });
  }

  function noteConflict(family: string, types: ReadonlyMap<string, string>): void {
    const text = [...types].map(([member, type]) => `${type} on ${member}`).join(", ");
    if (!conflicting.isNews(family, text)) return;
    log.warn("members hold one metric family with different types", { family, types: text });
  }

  /** Opens pages. Opens them again if the ring has changed meanwhile, up to `TRIES_MAX` times. */
  async function open({ accept, msMax }: ScrapeRequest): Promise<Opened> {
    const endMs = performance.now() + msMax;
    for (let tries = 1;; tries++) {
      const { ring } = snapshot();
      const members = shownMembers(snapshot());
      const all = new Set(members);
      const wereInPlace = handoff.areInPlace(all);
      const stop = new AbortController();
      const left = { msMax: endMs - performance.now(), signal: stop.signal };
      try {
        const opened = await openPages({ members, accept, ...left }, deps);
        const isSame = snapshot().ring.hash === ring.hash &&
          shownMembers(snapshot()).join() === members.join() &&
          (handoff.areInPlace(all) || !wereInPlace);
        if (isSame || tries === TRIES_MAX) return { ...opened, stop };
      } catch (error) {
        stop.abort();
        throw error;
      }
      stop.abort();
    }
  }

  /** Returns the family that shows which members the page contains. Call it after the pages were read. */
  function upFamily(failed: ReadonlyMap<Member, unknown>, pages: readonly MemberPage[]): Gauge {
    const isRead = (member: Member) =>
      !failed.has(member) && pages.some((page) => page.member === member);
    const samples = knownMembers(snapshot()).map((member) => {
      if (isRead(member)) noteRead(member);
      return { labels: [["member", member]] as const, value: isRead(member) ? 1 : 0 };
    });
    return { name: UP_FAMILY, help: UP_HELP, samples };
  }

  async function* pageOf<Head extends FamilyHead>(
    { pages, failed, stop: { signal } }: Opened,
    format: PageFormat<Head>,
    isPartial: boolean,
  ): AsyncGenerator<Uint8Array, void> {
    const lost = new Map(failed);

    /**
     * Returns the families of a page. If the page breaks off, they end there or fail with the member's name.
     */
    function familiesOf({ member, read }: MemberPage): FamilyReader<Head> {
      const { next, samples } = wholePage(format.reader(read));
      const attempt = <T>(work: () => Promise<T | undefined>) => async () => {
        try {
          return await work();
        } catch (cause) {
          signal.throwIfAborted();
          lost.set(member, cause);
          noteUnread(member, cause);
          if (isPartial) return undefined;
          throw new Error(member, { cause });
        }
      };
      return { next: attempt(next), samples: attempt(samples) };
    }

    const merged = pages.map((page) => ({
      name: page.member,
      families: familiesOf(page),
      shows: page.shows,
    }));
    const options = { format, hidden: INTERNAL, onConflict: noteConflict, signal };
    try {
      yield* mergeFamilies(merged, options);
      yield format.gauge(upFamily(lost, pages));
    } catch (error) {
      if (!signal.aborted) yield format.brokenOff(errorText(error));
      throw error;
    }
  }

  async function answer(request: ScrapeRequest): Promise<Reply> {
    const { isPartial, takesGzip } = request;
    const missing = missingMembers(snapshot(), deps.awaitsDiscovery());
    if (missing !== undefined && !(isPartial && shownMembers(snapshot()).length > 0)) {
      return textReply(503, `${missing}\n`);
    }
    const opened = ofOneFormat(await open(request));
    const { pages, failed, stop } = opened;
    for (const [member, error] of failed) noteUnread(member, error);
    if (failed.size > 0 && !isPartial) {
      stop.abort();
      const lines = [...failed].map(([member, error]) => `${member}: ${errorText(error)}\n`);
      return textReply(502, lines.join(""));
    }
    const contentType = (pages.find(isUnescapedPage) ?? pages[0])?.contentType ?? TEXT_TYPE;
    const page = isProtobuf(contentType)
      ? pageOf(opened, PROTOBUF_FORMAT, isPartial)
      : pageOf(opened, createTextFormat(pages.every(isUnescapedPage)), isPartial);
    const headers = ["content-type", contentType];
    if (takesGzip) headers.push("content-encoding", "gzip");
    return new Reply(200, partsOf(takesGzip ? gzip(page) : page, stop), headers);
  }

  return async (request) => {
    let asked: ScrapeRequest;
    try {
      asked = readScrapeRequest(request);
    } catch (error) {
      return textReply(400, `${errorText(error)}\n`);
    }
    return await answer(asked);
  };
}

/** Pages that are open until they end, or the controller aborts. */
interface Opened extends MemberPages {
  readonly stop: AbortController;
}

function isProtobuf(contentType: string): boolean {
  return /^application\/vnd\.google\.protobuf\b.*\bencoding=delimited\b/i.test(contentType);
}

function isUnescapedPage({ contentType }: MemberPage): boolean {
  return isUnescaped(contentType);
}

/**
 * Keeps the pages that have the format of the first one. Other pages cannot be merged with it, and count as
 * failed.
 */
function ofOneFormat(opened: Opened): Opened {
  const [first] = opened.pages;
  const isOther = ({ contentType }: MemberPage) =>
    isProtobuf(first.contentType) ? !isProtobuf(contentType) : !/^text\/plain\b/i.test(contentType);
  const others = opened.pages.filter(isOther);
  if (others.length === 0) return opened;
  const failed = new Map(opened.failed);
  for (const { member, contentType } of others) {
    failed.set(
      member,
      new TypeError(`expected the format of the other members, found ${contentType}`),
    );
  }
  return { ...opened, pages: opened.pages.filter((page) => !isOther(page)), failed };
}

/** The members whose groups are shown. */
function shownMembers(snapshot: Snapshot): Member[] {
  return servingMembers(snapshot).filter((member) => isSwept(snapshot, member));
}

/** The members that may hold groups. */
function knownMembers(snapshot: Snapshot): Member[] {
  const known = [...snapshot.membership.records]
    .filter(([, { state }]) => state !== "departed" && state !== "alias")
    .map(([member]) => member);
  return [...new Set([...known, ...servingMembers(snapshot)])].sort();
}

/** Returns why the page would be incomplete, if that is known beforehand. */
function missingMembers(snapshot: Snapshot, awaitsDiscovery: boolean): string | undefined {
  const members = servingMembers(snapshot);
  if (awaitsDiscovery || members.length === 0) return "the members are not known yet";
  const unswept = members.filter((member) => !isSwept(snapshot, member));
  return unswept.length > 0
    ? `${unswept.join(", ")}: not swept yet, so it may hold old copies`
    : undefined;
}

/** Returns the parts of a page. Their end does not wait for a pending read. */
function partsOf(page: AsyncGenerator<Uint8Array, void>, stop: AbortController): Parts {
  return {
    async next() {
      try {
        return await page.next();
      } catch (error) {
        throw new BodyFailure(`the page of all groups: ${errorText(error)}`);
      }
    },
    async return() {
      stop.abort();
      await page.return().catch(() => {}); // a pending read fails
      return { done: true, value: undefined };
    },
  };
}
