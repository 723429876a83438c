/**
 * Offers the API of one Pushgateway for all members together: wipe, metrics, status. A member that does not
 * answer is an error, never an empty member.
 *
 * @module
 */

import { cooperate } from "../../concurrency/cooperate.ts";
import { createPace } from "../../concurrency/pace.ts";
import { showSharedSeries, type TellSharedSeries } from "../../handoff/shared_series.ts";
import type { Member } from "../../member.ts";
import type { Answer } from "../../pushgateway/client/answer.ts";
import { type Logger, shownNames } from "../../log.ts";
import { SendFailure } from "../../pushgateway/client/connection.ts";
import {
  type ApiGroup,
  type ApiStatus,
  mergeGroups,
  mergeStatus,
  parseGroup,
  parseStatus,
} from "../../pushgateway/api.ts";
import type { Handoff } from "../../handoff/handoff.ts";
import { readJsonTexts } from "../../pushgateway/pages/json_page.ts";
import { findSharedSeries } from "../../pushgateway/shared_series.ts";
import type { Transport } from "../../pushgateway/client/transport.ts";
import { Reply } from "../message.ts";
import { servingMembers, type Snapshot } from "../snapshot.ts";
import { failure, type FailureStatus, success } from "./envelope.ts";

/** What the API needs. */
export interface AdminDeps {
  readonly snapshot: () => Snapshot;
  /** Returns how members are reached for answers that may be large. */
  readonly way: () => { readonly transport: Transport; readonly timeoutMs: number };
  readonly tellSharedSeries: TellSharedSeries;
  /** Runs an action that deletes groups everywhere: no group that is being moved may come back. */
  readonly whileNothingMoves: Handoff["whileNothingMoves"];
  readonly log: Logger;
}

/** The answers, by request. */
export interface Admin {
  /** @param client the address of the client that requests it */
  wipe(client: string): Promise<Reply>;
  metrics(): Promise<Reply>;
  status(): Promise<Reply>;
}

/** The most pairs of groups that expose one series in one answer. */
const SHARED_MAX = 100;
/** The approximate number of characters of one part of an answer. */
const CHUNK_LENGTH = 65_536;
/** The headers that the Pushgateway sends with its API. */
const API_HEADERS = [
  ...["access-control-allow-origin", "*"],
  ...["cache-control", "no-cache, no-store, must-revalidate"],
];

/** Creates the answers of one app. */
export function createAdmin(
  { snapshot, way, tellSharedSeries, whileNothingMoves, log }: AdminDeps,
): Admin {
  /**
   * Sends a request to every member that holds groups for users. Returns the answer of each, or its failure.
   */
  async function askAll(method: string, target: string): Promise<Map<Member, Answer | string>> {
    const { transport, timeoutMs } = way();
    const request = { method, target, headers: [] };
    const ask = async (member: Member): Promise<Answer | string> => {
      try {
        return await transport.send(member, request, { timeoutMs });
      } catch (failure) {
        if (!(failure instanceof SendFailure)) throw failure;
        return failure.message;
      }
    };
    const members = servingMembers(snapshot());
    const answers = await Promise.all(members.map(ask));
    return new Map(members.map((member, i) => [member, answers[i]]));
  }

  /** Reads the same target from every member. Returns a reply if any of them fails. */
  async function readAll<T>(
    target: string,
    parse: (text: string) => T,
  ): Promise<readonly T[] | Reply> {
    const answers = await askAll("GET", target);
    if (answers.size === 0) return failed(503, "no Pushgateway is known yet");
    const parsed: T[] = [];
    const problems: string[] = [];
    for (const [member, answer] of answers) {
      const problem = typeof answer === "string" ? answer : unexpected(answer, 200);
      if (typeof answer === "string" || problem) {
        problems.push(`${member}: ${problem}`);
        continue;
      }
      try {
        parsed.push(parse(new TextDecoder().decode(answer.body)));
      } catch (error) {
        problems.push(`${member}: ${(error as Error).message}`);
      }
    }
    return problems.length > 0 ? failed(502, problems.join("; ")) : parsed;
  }

  /** Returns a member's groups, or why they cannot be read. */
  async function readGroups(member: Member, signal: AbortSignal): Promise<ApiGroup[] | string> {
    const groups: ApiGroup[] = [];
    try {
      const take = (text: string) => void groups.push(parseGroup(text));
      await readJsonTexts(member, take, { ...way(), now: Date.now, signal });
      return groups;
    } catch (error) {
      return `${member}: ${error instanceof Error ? error.message : error}`;
    }
  }

  return {
    async wipe(client) {
      const answers = await whileNothingMoves(() => askAll("PUT", "/api/v1/admin/wipe"));
      if (answers.size === 0) return failed(503, "no Pushgateway is known yet");
      for (const [member, { state, listing }] of snapshot().membership.records) {
        if (listing && !answers.has(member)) answers.set(member, `not asked: it is ${state}`);
      }
      const members = [...answers].map(([member, answer]) => {
        const problem = typeof answer === "string" ? answer : unexpected(answer, 202);
        return { member, wiped: problem === undefined, ...(problem && { problem }) };
      });
      const [wiped, missed] = [true, false].map((is) =>
        members.filter(({ wiped }) => wiped === is).map(({ member }) => member)
      );
      const fields = { client, members: shownNames(wiped), missed: shownNames(missed) };
      log.warn("wipe of all groups requested", fields);
      return missed.length === 0
        ? success({ members }, 202, API_HEADERS)
        : failed(502, `not wiped: ${missed.join(",")}`, { members });
    },
    async metrics() {
      const { signal } = new AbortController();
      const members = servingMembers(snapshot());
      if (members.length === 0) return failed(503, "no Pushgateway is known yet");
      const read = await Promise.all(members.map((member) => readGroups(member, signal)));
      const problems = read.filter((groups) => typeof groups === "string");
      if (problems.length > 0) return failed(502, problems.join("; "));
      const all = read.filter((groups) => typeof groups !== "string");
      const groups = await cooperate(mergeGroups(all), signal);
      const shared = await cooperate(findSharedSeries(groups, SHARED_MAX), signal);
      for (const one of shared) tellSharedSeries(one);
      const headers = [...API_HEADERS, "content-type", "application/json"];
      return new Reply(200, showGroups(groups, shared.map(showSharedSeries)), headers);
    },
    async status() {
      const read = await readAll<ApiStatus>("/api/v1/status", parseStatus);
      return read instanceof Reply ? read : success(mergeStatus(read), 200, API_HEADERS);
    },
  };
}

/** Yields the answer in parts, because the whole may have 100 MB. */
async function* showGroups(
  groups: readonly ApiGroup[],
  warnings: readonly string[],
): AsyncGenerator<Uint8Array, void> {
  const encoder = new TextEncoder();
  const { signal } = new AbortController();
  const pace = createPace(signal);
  let text = `{"status":"success","data":[`;
  for (const [i, group] of groups.entries()) {
    text += `${i === 0 ? "" : ","}${JSON.stringify(group)}`;
    if (!pace.tired && text.length < CHUNK_LENGTH) continue;
    yield encoder.encode(text);
    text = "";
    await pace.rest();
  }
  const shown = warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings)}` : "";
  yield encoder.encode(`${text}]${shown}}`);
}

function unexpected({ status, body }: Answer, expected: number): string | undefined {
  if (status === expected) return undefined;
  const text = new TextDecoder().decode(body.subarray(0, 200)).trim();
  const hint = status === 404 && expected === 202 ? " (is its --web.enable-admin-api on?)" : "";
  return `expected ${expected}, found ${status}: ${text}${hint}`;
}

function failed(status: FailureStatus, error: string, data?: unknown): Reply {
  return failure(status, error, { headers: API_HEADERS, data });
}
