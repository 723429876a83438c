/** Copies groups to their owners, each in its own turn. @module */

import type { Member } from "../../../member.ts";
import { inChunks } from "./chunks.ts";
import type { Pass } from "./pass.ts";
import type { Copy } from "./plan_moves.ts";

/** Copies, by the member that they go to. */
export type Copies = ReadonlyMap<Member, readonly Copy[]>;

/** If members are slow, copies are looked for and their sources are deleted this often. */
const ROUND_MS = 10_000;
/**
 * Makes copies for a while. After a failure, no more copies are made on that member.
 *
 * @returns the copies that were made, and those that were not tried yet
 * @throws {LockFailure} if no locks are available; the signal's reason when it aborts
 */
export async function copySome(
  copies: Copies,
  pass: Pass,
): Promise<{ readonly copied: Copies; readonly left: Copies }> {
  const copied = new Map<Member, readonly Copy[]>();
  const left = new Map<Member, readonly Copy[]>();
  const untilMs = performance.now() + ROUND_MS;
  await Promise.all([...copies].map(async ([to, ofOne]) => {
    const outcome = await copyTo(to, ofOne, untilMs, pass);
    copied.set(to, outcome.done);
    if (outcome.rest.length > 0) left.set(to, outcome.rest);
  }));
  return { copied, left };
}

async function copyTo(
  to: Member,
  copies: readonly Copy[],
  untilMs: number,
  { from, since, deps, isFresh, isAllowed, stays, signal }: Pass,
): Promise<{ readonly done: readonly Copy[]; readonly rest: readonly Copy[] }> {
  const { exclusive, gateways, whereabouts, report, now } = deps;
  const done: Copy[] = [];
  const flow = deps.flows(to);
  let isFailing = false;
  const goesOn = () => !isFailing && isFresh() && performance.now() < untilMs;
  // The keys tell later whether another instance has deleted a former copy in between.
  const options = { exclusive, since, flow, goesOn, keepsKeys: true, signal };
  const rest = await inChunks(copies, options, async (copy, signal) => {
    const { id, content } = copy;
    if (isFailing || !isFresh() || !isAllowed(id, to)) return;
    let sentMs: number | undefined;
    // Checked again when the turn has come: members may be slow, and rings may change in the meantime.
    const merge = async () => {
      if (!isFresh() || !isAllowed(id, to)) return undefined;
      sentMs = now();
      // If no answer comes, the copy may be there nevertheless.
      whereabouts.placed(id, to);
      return await gateways.merge(to, content, signal);
    };
    try {
      const refused = await flow.run(merge, signal);
      if (sentMs === undefined) return;
      if (refused !== undefined) return stays(id, to, refused);
      whereabouts.placed(id, to, { min: sentMs / 1_000, max: now() / 1_000 });
      whereabouts.copied(id, { from, to });
      done.push(copy);
    } catch (error) {
      signal.throwIfAborted();
      report.failed("copy", error);
      isFailing = true;
    }
  });
  return { done, rest: isFailing ? [] : rest };
}
