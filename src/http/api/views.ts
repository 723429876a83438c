/** What the API tells of members and plans, as JSON: for who answers it, and for who asks. @module */

import { z } from "zod";
import type { Scraping } from "../../config/scraping.ts";
import type { Forecast } from "../../handoff/plan/forecast.ts";
import { type Member, parseMember } from "../../member.ts";

const member = z.string().transform((text) => parseMember(text));

/** The shape of one member. */
export const memberView = z.object({
  member,
  state: z.string(),
  /** Since when it is in this state, as in RFC 3339, and why. */
  since: z.string().optional(),
  why: z.string().optional(),
  /** When its process started, as it tells itself. */
  started: z.string().optional(),
  version: z.string().optional(),
  /** Pushes that it has got through this instance, and that it has failed, since it is known. */
  pushes: z.number().optional(),
  failures: z.number().optional(),
  in_ring: z.boolean(),
  /** It is the same Pushgateway as this member, by another name. */
  same_as: member.optional(),
  weight: z.number().optional(),
  /** Of all keys, by the ring: from 0 to 1. */
  share: z.number().optional(),
  /** Absent until it was swept. */
  groups: z.number().optional(),
  /** Those among them that belong to another member, by the last comparison with the ring. */
  misplaced: z.number().optional(),
  /** Groups of a member that does not answer which no other member has. */
  missing: z.number().optional(),
  /** It leaves, and was found empty. */
  drained: z.boolean(),
  /** How far its drain has come, whichever instance runs it. */
  drain: z.object({
    groups: z.number(),
    moved: z.number(),
    /** Groups a second of late. */
    rate: z.number().optional(),
    /** Until all is moved that can be. */
    seconds_left: z.number().optional(),
    /** Whether Pushgateways that take the groups check each push against all that they hold. */
    targets_check: z.boolean().optional(),
    staying: z.array(z.object({ group: z.string(), why: z.string() })),
  }).optional(),
});
/** One member. */
export type MemberView = z.infer<typeof memberView>;

/** The shape of what a change of members would mean. */
export const forecastView = z.object({
  groups: z.number(),
  moving: z.number(),
  moves: z.array(z.object({ from: member, to: member, groups: z.number() })),
  balance: z.array(z.object({ member, before: z.number(), after: z.number() })),
  /** Members whose groups are not counted, because they cannot be read. */
  unread: z.array(member).optional(),
});
/** What a change of members would mean. */
export interface ForecastView extends Forecast {
  readonly unread?: readonly Member[];
}

/** A member that holds a group. */
export interface HolderView {
  readonly member: Member;
  /** Whether it answers now. */
  readonly reachable: boolean;
  /** The last push that succeeded, as in RFC 3339, by the member's clock. Absent: none has. */
  readonly pushed?: string;
  /** The last push that failed, where one has. */
  readonly failed?: string;
}

/** One group that was found. */
export interface FoundGroupView {
  readonly group: Readonly<Record<string, string>>;
  /** Its path in the usual form. */
  readonly path: string;
  readonly owner?: Member;
  readonly holders: readonly HolderView[];
}

/** One page of groups. */
export interface GroupsView {
  readonly groups: readonly FoundGroupView[];
  /** Groups that match, of all pages. */
  readonly matching: number;
  /** What to ask for as `after`; absent on the last page. */
  readonly next?: string;
}

/** Where a group is pushed to. */
export interface LocatedView extends FoundGroupView {
  readonly owner: Member;
  readonly given: string;
  /**
   * The usual one; another one that a Pushgateway takes; or one that a Pushgateway redirects, or takes for
   * another group, and that is changed here.
   */
  readonly spelling: "usual" | "other" | "changed";
  readonly url: string;
}

/** How an instance is. */
export interface OverviewView {
  readonly version: string;
  readonly started: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly mode: string;
  readonly handoff: boolean;
  readonly admin_api: boolean;
  readonly discovery: string;
  readonly ring: { readonly hash: number; readonly members: number; readonly kept: boolean };
  readonly config_hash: string;
  /** The ID of the last event; 0 before the first one. */
  readonly last_event: number;
  /** Members by state. */
  readonly states: Readonly<Record<string, number>>;
  /** When members were last compared with the ring, as in RFC 3339. */
  readonly compared?: string;
  readonly groups?: number;
  readonly misplaced?: number;
  readonly missing?: number;
  readonly instances: readonly {
    readonly id: string;
    readonly own: boolean;
    readonly lost: boolean;
    readonly ring_hash: number;
    readonly config_hash?: string;
  }[];
}

const scheme = z.enum(["http", "https"]);
const scrapingTls = z.object({
  ca_file: z.string().optional(),
  cert_file: z.string().optional(),
  key_file: z.string().optional(),
  server_name: z.string().optional(),
  insecure_skip_verify: z.boolean().optional(),
}).optional();

/** The shape of what a scraper has to know. */
export const scrapingView: z.ZodType<Scraping> = z.object({
  scheme,
  metrics_path: z.string(),
  tls_config: scrapingTls,
  basic_auth: z.object({ username: z.string() }).optional(),
  consul: z.object({
    server: z.string(),
    scheme,
    datacenter: z.string().optional(),
    service: z.string(),
    needs_token: z.boolean(),
    username: z.string().optional(),
    tls_config: scrapingTls,
  }).optional(),
});
