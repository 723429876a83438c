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
  in_ring: z.boolean(),
  /** It is the same Pushgateway as this member, by another name. */
  same_as: member.optional(),
  weight: z.number().optional(),
  /** Absent until it was swept. */
  groups: z.number().optional(),
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
