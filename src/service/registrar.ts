/** Keeps the servers of the file registered in Consul, through all configurations. @module */

import type { Task } from "../concurrency/run_group.ts";
import { keepRegistered } from "../consul/registration.ts";
import type { Logger } from "../log.ts";
import { createTrouble, createTroubles } from "../log/trouble.ts";
import type { Member } from "../member.ts";
import type { Membership } from "../membership/membership.ts";
import { createProbe } from "../membership/probe.ts";
import { planRegistration } from "../membership/registration_plan.ts";
import type { ConsulTerm, Term } from "./term.ts";

/** What registering needs. */
export interface RegistrarDeps {
  readonly membership: () => Membership;
  /** Remembers a mark that this instance has no rights to set in Consul. */
  readonly markHere: (member: Member) => void;
  readonly random: () => number;
  readonly log: Logger;
}

/** Returns the task that registers the servers of one configuration. */
export type Registrar = (term: Term, consul: ConsulTerm) => Task;

/**
 * Creates the registrar.
 *
 * @param servers those of the first configuration, which nobody has added or removed just now
 */
export function createRegistrar(
  servers: readonly Member[],
  { membership, markHere, random, log }: RegistrarDeps,
): Registrar {
  /** The servers that were last registered in Consul. Registration acts on the difference. */
  let brought = servers;
  const troubles = { passes: createTrouble(), rights: createTrouble(), ids: createTroubles() };
  return ({ config, probeTransport }, { config: { serviceName, check }, link: { client } }) => {
    const { servers, upstream } = config;
    const probe = createProbe(probeTransport);
    const [added, removed] = [without(servers, brought), without(brought, servers)];
    return (signal) =>
      keepRegistered({
        consul: client,
        serviceName,
        check,
        upstream,
        configured: servers,
        added,
        removed,
        onBrought: () => brought = servers,
        markHere,
        plan: () => planRegistration(membership(), servers),
        answers: async (member, signal) => (await probe(member, signal)).outcome === "ok",
        random,
        troubles,
        log,
      }, signal);
  };
}

/** Returns the members that are not among others. */
export function without(members: readonly Member[], others: readonly Member[]): Member[] {
  return members.filter((member) => !others.includes(member));
}
