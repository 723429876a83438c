/**
 * Registers the configured members in Consul and keeps them registered: members that Consul has reaped
 * are registered again, and members that an operator has removed stay out.
 *
 * A removed member leaves a mark in Consul's KV store, so that neither a restart nor another instance
 * with the same file registers it again.
 *
 * @module
 */

import { backoffMs, sleep } from "../concurrency/backoff.ts";
import { createTurns } from "../concurrency/turns.ts";
import type { CheckConfig } from "../config/consul.ts";
import type { UpstreamConfig } from "../config/upstream.ts";
import { errorText, type Logger } from "../log.ts";
import type { Trouble, Troubles } from "../log/trouble.ts";
import { type Member, splitMember } from "../member.ts";
import { type ConsulClient, isForbidden, type LocalService, type ServiceEntry } from "./client.ts";
import { isSameService, memberAt, memberOf } from "./instance.ts";
import { UNKNOWN_AGENT } from "./failure.ts";
import { formerMarkPrefix, MARK_TEXT, markKey, markPrefix } from "./keys.ts";

/** What registration needs; I/O as functions. */
export interface RegistrationDeps {
  readonly consul: ConsulClient;
  readonly serviceName: string;
  readonly check: CheckConfig;
  /** How Consul's check reaches a member. */
  readonly upstream: UpstreamConfig;
  readonly configured: readonly Member[];
  /** Added to the file by this reload: their marks are removed. */
  readonly added: readonly Member[];
  /** Removed from the file by this reload: marked, and deregistered when they are empty. */
  readonly removed: readonly Member[];
  /** Called when Consul has what the file says. */
  readonly onBrought: () => void;
  /** Remembers a mark that the token may not write to Consul. */
  readonly markHere: (member: Member) => void;
  /** Returns what has to be done now, as membership sees it; `undefined` while it does not know. */
  readonly plan: () => RegistrationPlan | undefined;
  /** Returns whether a member answers: its state in Consul until Consul's own check has run. */
  readonly answers: (member: Member, signal: AbortSignal) => Promise<boolean>;
  readonly random: () => number;
  readonly log: Logger;
  readonly troubles: RegistrationTroubles;
}

/** What goes wrong with registration again and again. */
export interface RegistrationTroubles {
  /** Passes that fail. */
  readonly passes: Trouble;
  /** Marks for which the token gives no rights. */
  readonly rights: Trouble;
  /** IDs that belong to other services. */
  readonly ids: Troubles;
}

/** What is to be done, as membership sees it. */
export interface RegistrationPlan {
  /** Missing in Consul although nobody removed them: to be registered. */
  readonly missing: readonly Member[];
  /** Removed from Consul by their operator while alive: to stay out. */
  readonly withdrawn: readonly Member[];
  /** Marked as leaving, and empty or dead: to be deregistered. */
  readonly leaving: readonly Member[];
  /** All that are marked as leaving. */
  readonly marked: ReadonlySet<Member>;
  /** All that Consul lists. */
  readonly listed: ReadonlySet<Member>;
}

const PASS_INTERVAL_MS = 1_000;
/** Members that are registered at once: a thousand would take all connections to the agent. */
const AT_ONCE_MAX = 16;
/** Marks that an operator deletes are noticed after so many passes. */
const MARK_PASSES = 10;
const RETRY = { firstMs: 1_000, maxMs: 30_000 };
/**
 * A member that was registered is listed in a moment. If it is not, the agent cannot tell the servers
 * of it.
 */
const UNLISTED_RETRY = { firstMs: 10_000, maxMs: 60_000 };

/** The Go tool's service ID of a member: `<host>_<port>`. */
function serviceId(member: Member): string {
  const { host, port } = splitMember(member);
  return `${host}_${port}`;
}

/**
 * Keeps the registrations right until the signal aborts. Failures of Consul are logged, and tried
 * again without end: registration is never a reason to stop answering pushes.
 */
export async function keepRegistered(deps: RegistrationDeps, signal: AbortSignal): Promise<void> {
  const known: Known = { marked: new Map(), unlisted: new Map() };
  let started = false;
  let failures = 0;
  const { passes } = deps.troubles;
  for (let pass = 0; !signal.aborted; pass++) {
    try {
      if (started) {
        await lookAfter(deps, { ...known, checkMarks: pass % MARK_PASSES === 0 }, signal);
      } else {
        await begin(deps, known, signal);
        started = true;
        deps.onBrought();
      }
      failures = 0;
      const past = passes.over();
      if (past) {
        deps.log.info("registration in Consul works again", { consul: deps.consul.url, ...past });
      }
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      if (passes.isNews(error)) {
        const fields = { consul: deps.consul.url, err: errorText(error) };
        deps.log.warn("registration in Consul failed, trying again", fields);
      }
    }
    await sleep(failures ? backoffMs(failures, RETRY, deps.random) : PASS_INTERVAL_MS, signal);
  }
}

/**
 * The members that are out, and whether their mark is in Consul or, without rights, only in this
 * process.
 */
type Marked = Map<Member, { inConsul: boolean }>;

/** What is remembered from one pass to the next. */
interface Known {
  readonly marked: Marked;
  /** Members that were registered and are not listed yet: how often, and when to register them again. */
  readonly unlisted: Map<Member, { times: number; nextMs: number }>;
}

/** The first pass after a start or a reload: brings what the file says into Consul. */
async function begin(
  deps: RegistrationDeps,
  { marked, unlisted }: Known,
  signal: AbortSignal,
): Promise<void> {
  const { consul, serviceName, log } = deps;
  await adoptMarks(deps, signal);
  const local = await consul.localServices(signal);
  for (const member of deps.removed) {
    await mark(deps, member, signal);
    if (isOurs(local.get(serviceId(member)), member, deps)) {
      log.info("member was removed from the file: it is deregistered when it is empty", { member });
    } else {
      log.warn("member was removed from the file, but is not registered with this Consul agent", {
        member,
      });
    }
  }
  for (const member of deps.added) await unmark(deps, member, signal);

  const marks = await readMarks(deps, signal);
  const { entries } = await consul.service(serviceName, { waitSeconds: 0 }, signal);
  const turns = createTurns({ atOnce: () => AT_ONCE_MAX });
  await Promise.all(deps.configured.map(async (member) => {
    using _turn = await turns.take("register", signal);
    const held = local.get(serviceId(member));
    if (marks?.has(member)) {
      // A listed one is being drained: it is out when it has been deregistered.
      if (!isListed(member, entries)) marked.set(member, { inConsul: true });
      const fields = { member, key: markKey(serviceName, member) };
      log.warn("member is marked as removed: it is not registered", fields);
    } else if (
      held ? isOurs(held, member, deps) && isOperatorsOwn(held) : isOtherwiseListed(member, entries)
    ) {
      log.info("member was registered by somebody else: its registration is left as it is", {
        member,
      });
    } else {
      // Where this pass is one after a failure, it may have been registered and listed by now.
      if (isListed(member, entries)) unlisted.delete(member);
      await register(deps, { member, unlisted }, signal);
    }
  }));
}

/** Each later pass. */
async function lookAfter(
  deps: RegistrationDeps,
  { marked, unlisted, checkMarks }: Known & { readonly checkMarks: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { serviceName, log } = deps;
  const plan = deps.plan();
  if (!plan) return;
  if (plan.leaving.length > 0) await deregister(deps, plan.leaving, signal);
  for (const member of plan.withdrawn) {
    if (marked.has(member)) continue;
    if (plan.marked.has(member)) { // it is out because it was told to leave
      marked.set(member, { inConsul: true });
      continue;
    }
    marked.set(member, { inConsul: await mark(deps, member, signal) });
    const fields = { member, key: markKey(serviceName, member) };
    log.warn("member was deregistered while alive: it is not registered again", fields);
  }
  for (const member of marked.keys()) {
    if (!plan.listed.has(member)) continue;
    marked.delete(member);
    await unmark(deps, member, signal);
    log.info("member was registered by somebody else: its mark is removed", { member });
  }

  for (const member of unlisted.keys()) if (!plan.missing.includes(member)) unlisted.delete(member);
  const isDue = (member: Member) => performance.now() >= (unlisted.get(member)?.nextMs ?? 0);
  const due = plan.missing.filter((member) => !marked.has(member) && isDue(member));
  const deletable = [...marked.values()].some(({ inConsul }) => inConsul);
  if (due.length === 0 && !(checkMarks && deletable)) return;
  const marks = await readMarks(deps, signal);
  for (const member of due) {
    if (marks?.has(member)) marked.set(member, { inConsul: true });
    else await register(deps, { member, unlisted }, signal);
  }
  for (const [member, { inConsul }] of marked) {
    if (!marks || !inConsul || marks.has(member)) continue;
    if (plan.marked.has(member)) continue; // Consul has lost the mark: service/leaving.ts sets it again
    marked.delete(member); // somebody deleted the key to put the member back
    await register(deps, { member, unlisted }, signal);
  }
}

/**
 * Deregisters members that have left from the agent of this instance. Other instances do so with their
 * agents.
 */
async function deregister(
  deps: RegistrationDeps,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<void> {
  const { consul, log } = deps;
  const local = await consul.localServices(signal);
  const due = members.filter((member) => isOurs(local.get(serviceId(member)), member, deps));
  if (due.length === 0) return;
  // Somebody may just have undone the drain.
  const marks = await readMarks(deps, signal);
  for (const member of due) {
    if (marks && !marks.has(member)) continue;
    await consul.deregister(serviceId(member), signal);
    log.info("member deregistered from Consul", { member });
  }
}

/** Registers a member with the local agent, unless its ID belongs to another service there. */
async function register(
  deps: RegistrationDeps,
  { member, unlisted }: Pick<Known, "unlisted"> & { readonly member: Member },
  signal: AbortSignal,
): Promise<void> {
  const { consul, serviceName, check, upstream, answers, troubles, random, log } = deps;
  const { host, port } = splitMember(member);
  const id = serviceId(member);
  const held = (await consul.localServices(signal)).get(id);
  if (held && !isOurs(held, member, deps)) {
    const found = `${held.Service} at ${held.Address || "its node"}:${held.Port}`;
    if (troubles.ids.isNews(id, found)) {
      const fields = { member, id, found };
      log.error("member is not registered: its ID in Consul belongs to another service", fields);
    }
    return;
  }
  // Without this state a new check is critical until it has run, up to an interval later.
  const status = await answers(member, signal) ? "passing" : "critical";
  signal.throwIfAborted();
  const probe = probeOf(member, upstream);
  if (held) await endFormerCheck(deps, { id, kind: Object.keys(probe.target)[0] }, signal);
  await consul.register({
    id,
    name: serviceName,
    address: host,
    port,
    check: { name: "Pushgateway is healthy", ...probe, status, ...check },
  }, signal);
  const times = (unlisted.get(member)?.times ?? 0) + 1;
  unlisted.set(member, {
    times,
    nextMs: performance.now() + backoffMs(times, UNLISTED_RETRY, random),
  });
  const past = troubles.ids.over(id);
  if (times === 1) log.info("member registered in Consul", { member, id, status, ...past });
  else log.debug("member registered in Consul again", { member, id, status, times });
  if (times !== 2) return;
  const err = `see the agent's log; ${UNKNOWN_AGENT}`;
  const fields = { consul: consul.url, member, err };
  log.warn("member is registered with the Consul agent, but Consul does not list it", fields);
}

/**
 * Removes the check of a member if it is of another kind than the one to be registered. Otherwise Consul
 * runs both under one ID, and the member is healthy and unhealthy in turn.
 */
async function endFormerCheck(
  { consul }: RegistrationDeps,
  { id, kind }: { readonly id: string; readonly kind: string },
  signal: AbortSignal,
): Promise<void> {
  const check = `service:${id}`;
  const former = (await consul.localChecks(signal)).get(check);
  if (former && former !== kind) await consul.deregisterCheck(check, signal);
}

/**
 * Returns the target of Consul's check. If a password or a client certificate is needed, the check only
 * connects: a password in a check could be read by everyone who may read Consul's catalogue, and a
 * check has no certificate. A private CA is checked by this service, not by the agent.
 */
function probeOf(member: Member, { scheme, routePrefix, basicAuth, tls }: UpstreamConfig) {
  const target = basicAuth || tls.certFile
    ? { tcp: member }
    : { http: `${scheme}://${member}${routePrefix}/-/healthy` };
  const checkedHere = tls.caFile ?? tls.serverName ?? tls.insecureSkipVerify;
  const skipVerify = scheme === "https" && checkedHere !== undefined;
  return { target, skipVerify };
}

/**
 * Whether a service that an agent has under the ID of a member is our service at the address of the
 * member.
 */
function isOurs(
  held: LocalService | undefined,
  member: Member,
  { serviceName }: RegistrationDeps,
): boolean {
  if (!held || !isSameService(held.Service, serviceName)) return false;
  try {
    // Without an address it is at the address of its node, which its ID contains.
    return memberAt(held.Address || splitMember(member).host, held.Port) === member;
  } catch {
    return false; // not the address of a member
  }
}

/** Weights, tags and metadata are never ours: registering the member again would remove them. */
function isOperatorsOwn({ Tags, Meta, Weights }: LocalService): boolean {
  return (Tags?.length ?? 0) > 0 || Object.keys(Meta ?? {}).length > 0 ||
    (Weights?.Passing ?? 1) !== 1;
}

/**
 * Whether a member is registered under an ID that is not ours. Under our ID and through another agent,
 * another instance has registered it: each instance keeps its own registration, so that neither depends
 * on the other's agent.
 */
function isOtherwiseListed(member: Member, entries: readonly ServiceEntry[]): boolean {
  return entriesOf(member, entries).some(({ Service }) => Service.ID !== serviceId(member));
}

function isListed(member: Member, entries: readonly ServiceEntry[]): boolean {
  return entriesOf(member, entries).length > 0;
}

function entriesOf(member: Member, entries: readonly ServiceEntry[]): ServiceEntry[] {
  return entries.filter((entry) => {
    try {
      return memberOf(entry) === member;
    } catch {
      return false; // not a member
    }
  });
}

/** Renames the keys of version 1.0.0, which contain the name of the service as the file spells it. */
async function adoptMarks(deps: RegistrationDeps, signal: AbortSignal): Promise<void> {
  const { consul, serviceName } = deps;
  const former = formerMarkPrefix(serviceName);
  if (former === markPrefix(serviceName)) return;
  await withoutRights(deps, async () => {
    for (const key of await consul.keys(former, signal)) {
      const name = key.slice(former.length);
      if (name !== "") await consul.setKey(markKey(serviceName, name), MARK_TEXT, signal);
      await consul.deleteKey(key, signal);
    }
  });
}

/** Returns whether Consul keeps the mark. A token without rights to its KV store is not a failure. */
async function mark(deps: RegistrationDeps, member: Member, signal: AbortSignal): Promise<boolean> {
  const { consul, serviceName } = deps;
  const key = markKey(serviceName, member);
  const inConsul = await withoutRights(deps, async () => {
    await consul.setKey(key, MARK_TEXT, signal);
    return true;
  }) ?? false;
  if (!inConsul) deps.markHere(member);
  return inConsul;
}

async function unmark(deps: RegistrationDeps, member: Member, signal: AbortSignal): Promise<void> {
  const key = markKey(deps.serviceName, member);
  await withoutRights(deps, () => deps.consul.deleteKey(key, signal));
}

/** Returns the marked members, or `undefined` if the token may not read Consul's KV store. */
async function readMarks(
  deps: RegistrationDeps,
  signal: AbortSignal,
): Promise<Set<string> | undefined> {
  const prefix = markPrefix(deps.serviceName);
  const keys = await withoutRights(deps, () => deps.consul.keys(prefix, signal));
  return keys && new Set(keys.map((key) => key.slice(prefix.length)));
}

/** Runs a call on the KV store. Returns `undefined` and logs it if Consul forbids the call. */
async function withoutRights<T>(
  { consul, serviceName, troubles: { rights }, log }: RegistrationDeps,
  call: () => Promise<T>,
): Promise<T | undefined> {
  const prefix = markPrefix(serviceName);
  try {
    const result = await call();
    const past = rights.over();
    if (past) {
      log.info("Consul token has rights to marks again", { consul: consul.url, prefix, ...past });
    }
    return result;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    if (rights.isNews("forbidden")) {
      log.warn(
        "Consul token has no rights to marks: only this instance knows which members were removed, " +
          "until it restarts",
        { consul: consul.url, prefix, err: errorText(error) },
      );
    }
  }
}
