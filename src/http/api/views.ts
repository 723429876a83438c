/** What the API tells of members and plans, as JSON: for who answers it, and for who asks. @module */

import { z } from "zod";
import { parseMember } from "../../member.ts";

const member = z.string().transform((text) => parseMember(text));

/** The shape of one member. */
export const memberView = z.object({
  member,
  state: z.string(),
  in_ring: z.boolean(),
  weight: z.number().optional(),
  /** Absent until it was swept. */
  groups: z.number().optional(),
  /** It leaves, and was found empty. */
  drained: z.boolean(),
  /** Its drain, where it runs or ran in this instance. */
  drain: z.object({
    groups: z.number(),
    moved: z.number(),
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
});
