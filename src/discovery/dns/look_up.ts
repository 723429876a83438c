/**
 * Looks up a name as the C library does: in the domains of the search list, at one server after the other.
 *
 * @module
 */

import { deadline } from "../../concurrency/deadline.ts";
import type { Nameserver } from "../../config/sources.ts";
import { showListenAddress } from "../../config/values.ts";
import { errorText } from "../../log.ts";
import { askServer } from "./exchange.ts";
import type { Answer, Question } from "./message.ts";
import { candidates, parseResolvConf, type ResolverConfig, resolverConfig } from "./resolv_conf.ts";

const RESOLV_CONF = "/etc/resolv.conf";

/**
 * Reads how names are looked up now.
 *
 * @param nameservers servers to ask for each name as it is. Absent: those of `/etc/resolv.conf`, with its
 *   search list
 * @throws {Error} if that file cannot be read
 */
export async function readResolver(nameservers?: readonly Nameserver[]): Promise<ResolverConfig> {
  if (nameservers) return resolverConfig(nameservers);
  try {
    return parseResolvConf(await Deno.readTextFile(RESOLV_CONF));
  } catch (cause) {
    throw new Error(`expected DNS servers in ${RESOLV_CONF}, or dns_sd.nameservers, found none`, {
      cause,
    });
  }
}

/**
 * Looks up the records of a name. If no server answers for one candidate of the search list, no further
 * candidate is tried.
 *
 * @throws {Error} if there are none, or no server answers; the signal's reason if it aborts
 */
export async function lookUp(
  { name, type }: Question,
  resolver: ResolverConfig,
  signal: AbortSignal,
): Promise<Answer> {
  const found: string[] = [];
  for (const candidate of candidates(name, resolver)) {
    const { server, answer } = await ask({ name: candidate, type }, resolver, signal);
    if (answer.records.length > 0) return answer;
    const what = answer.code === "NXDOMAIN" ? "NXDOMAIN" : "no such record";
    found.push(`${what} for ${candidate} at ${server}`);
  }
  throw new Error(`look-up of ${type} ${name}: ${found.join(", ")}`);
}

/** Returns the first answer that tells whether there are such records. */
async function ask(
  question: Question,
  { nameservers, timeoutMs, attempts }: ResolverConfig,
  signal: AbortSignal,
): Promise<{ server: string; answer: Answer }> {
  const failures = new Map<string, string>();
  for (let attempt = 0; attempt < attempts; attempt++) {
    for (const nameserver of nameservers) {
      const server = showListenAddress(nameserver);
      using late = deadline(timeoutMs, signal);
      try {
        const answer = await askServer(nameserver, question, late.signal);
        if (answer.code === "NOERROR" || answer.code === "NXDOMAIN") return { server, answer };
        failures.set(server, answer.code);
      } catch (error) {
        signal.throwIfAborted();
        const isLate = late.signal.aborted;
        failures.set(server, isLate ? `no answer within ${timeoutMs} ms` : errorText(error));
      }
    }
  }
  const all = [...failures].map(([server, failure]) => `${server}: ${failure}`).join(", ");
  throw new Error(`look-up of ${question.type} ${question.name}: ${all}`);
}
