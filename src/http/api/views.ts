/** The JSON of members and plans in the API, for the server and for clients. @module */

import * as z from "zod";
import type { Scraping } from "../../config/scraping.ts";
import type { Forecast } from "../../handoff/plan/forecast.ts";
import { type Member, parseMember } from "../../member.ts";

const member = z.string().transform((text) => parseMember(text));

/** The shape of one member. */
export const memberView = z.object({
  member,
  state: z.string(),
  /** Since when it is in this state (RFC 3339), and why. */
  since: z.string().optional(),
  why: z.string().optional(),
  /** When its process started, as it says. */
  started: z.string().optional(),
  version: z.string().optional(),
  /** Pushes that it has got through this instance since it is known, and how many have failed. */
  pushes: z.number().optional(),
  failures: z.number().optional(),
  in_ring: z.boolean(),
  /** The member that is the same Pushgateway by another name. */
  same_as: member.optional(),
  weight: z.number().optional(),
  /** Its share of all keys on the ring, from 0 to 1. */
  share: z.number().optional(),
  /** Absent until it was swept. */
  groups: z.number().optional(),
  /** How many of them belong to another member, as of the last comparison with the ring. */
  misplaced: z.number().optional(),
  /** If it does not answer: how many of its groups no other member has. */
  missing: z.number().optional(),
  /** If it answers, but its groups could not be read the last time: why. */
  unread: z.string().optional(),
  /** Whether its last sweep could not read its `/metrics`, but its JSON API: then nobody can scrape it. */
  broken_page: z.boolean().optional(),
  /** Whether it leaves and was found empty. */
  drained: z.boolean(),
  /** The progress of its drain, whichever instance runs it. */
  drain: z.object({
    groups: z.number(),
    moved: z.number(),
    /** Groups a second in the recent past. */
    rate: z.number().optional(),
    /** Seconds until all groups that can be moved are moved. */
    seconds_left: z.number().optional(),
    /** Whether the Pushgateways that take the groups check each push against all groups that they hold. */
    targets_check: z.boolean().optional(),
    staying: z.array(z.object({ group: z.string(), why: z.string() })),
  }).optional(),
});
/** One member. */
export type MemberView = z.infer<typeof memberView>;

/** The shape of the forecast of a change of members. */
export const forecastView = z.object({
  groups: z.number(),
  moving: z.number(),
  moves: z.array(z.object({ from: member, to: member, groups: z.number() })),
  balance: z.array(z.object({ member, before: z.number(), after: z.number() })),
  /** Members whose groups are not counted, because they cannot be read. */
  unread: z.array(member).optional(),
});
/** The forecast of a change of members. */
export interface ForecastView extends Forecast {
  readonly unread?: readonly Member[];
}

/** A member that holds a group. */
export interface HolderView {
  readonly member: Member;
  /** Whether it answers at present. */
  readonly reachable: boolean;
  /** The last push that succeeded (RFC 3339), by the member's clock. Absent if none has. */
  readonly pushed?: string;
  /** The last push that failed. Absent if none has. */
  readonly failed?: string;
}

/** How large a group is on one member. */
export interface SizeView {
  readonly member: Member;
  readonly samples: number;
  readonly bytes: number;
}

/** How large some groups are. */
export interface SizesView {
  readonly groups: readonly {
    readonly path: string;
    /** Absent members do not hold it, or could not be read. */
    readonly sizes: readonly SizeView[];
  }[];
  /** Members that could not be read, and why. */
  readonly unread: readonly { readonly member: Member; readonly why: string }[];
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
  /** How many groups match, on all pages. */
  readonly matching: number;
  /** The value of `after` for the next page. Absent on the last page. */
  readonly next?: string;
}

/** The member that a group is pushed to. */
export interface LocatedView extends FoundGroupView {
  readonly owner: Member;
  readonly given: string;
  /**
   * `usual`: the usual path. `other`: another path that a Pushgateway accepts. `changed`: a path that a
   * Pushgateway redirects, or takes for another group, and that is changed here.
   */
  readonly spelling: "usual" | "other" | "changed";
  readonly url: string;
}

/** The state of an instance. */
export interface OverviewView {
  readonly version: string;
  readonly started: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly mode: string;
  readonly handoff: boolean;
  readonly admin_api: boolean;
  readonly discovery: string;
  /** Why the last look-up of members failed. */
  readonly discovery_error?: string;
  /** Whether there are locks in Consul. Absent without Consul. */
  readonly locks?: "available" | "unreachable" | "forbidden";
  readonly ring: { readonly hash: number; readonly members: number; readonly kept: boolean };
  readonly config_hash: string;
  /** The ID of the last event; 0 before the first one. */
  readonly last_event: number;
  /** Members by state. */
  readonly states: Readonly<Record<string, number>>;
  /** When members were last compared with the ring (RFC 3339). */
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

/** The shape of what a scraper needs to know. */
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
