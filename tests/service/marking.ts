/** Marks of leaving members, by Consuls that answer as they are told. @module */

import type { ConsulClient } from "../../src/consul/client.ts";
import type { ConsulLink } from "../../src/service/consul_link.ts";
import { parseMember } from "../../src/member.ts";
import { createLeaving, type Leaving } from "../../src/service/leaving.ts";
import { recordLog } from "../model/log.ts";

export const PREFIX = "dynamic-sharding/pushgateway/withdrawn/";
export const MEMBER = parseMember("10.0.0.1:9091");
export const OTHER = parseMember("10.0.0.2:9091");

/** What Consul says of the keys, or that it fails. */
export type Answer = { readonly keys: string[]; readonly index: bigint } | Error;

/** A Consul that gives some answers. */
export interface AnsweringConsul {
  readonly link: ConsulLink;
  /** The keys that were set. */
  readonly set: readonly string[];
  /** Called before the answer to a query, with its number. */
  onQuery: (query: number) => void;
  /** Follows its marks until all its answers are given. */
  follow(): Promise<void>;
}

/** Marks, and the Consuls that they may be in. */
export interface Marks {
  readonly leaving: Leaving;
  /** Those that are marked now. */
  readonly marked: readonly string[];
  consul(...answers: Answer[]): AnsweringConsul;
  /** Goes over to a Consul. */
  use(consul: AnsweringConsul): void;
}

/** Begins with nobody marked, and without Consul. */
export function startLeaving(): Marks {
  let marked: string[] = [];
  let used: ConsulLink | undefined;
  const leaving = createLeaving({
    link: () => used,
    tell(event) {
      if (event.kind === "marked") marked = [...event.members];
    },
    random: () => 0,
    log: recordLog(() => {}),
  });
  return {
    leaving,
    get marked() {
      return marked;
    },
    consul(...answers) {
      const stop = new AbortController();
      const set: string[] = [];
      let queries = 0;
      const client: Pick<ConsulClient, "watchKeys" | "setKey"> = {
        watchKeys() {
          consul.onQuery(++queries);
          const answer = answers.shift();
          if (answers.length === 0 && answer instanceof Error) setTimeout(() => stop.abort());
          if (answer === undefined) stop.abort();
          return answer === undefined || answer instanceof Error
            ? Promise.reject(answer)
            : Promise.resolve(answer);
        },
        setKey: (key) => Promise.resolve(void set.push(key)),
      };
      // No more of it is used.
      const link = { client, serviceName: "pushgateway" } as unknown as ConsulLink;
      const follow = async () => {
        await leaving.follow(link, stop.signal);
        stop.abort(); // also where it has ended by itself
      };
      const consul: AnsweringConsul = { link, set, onQuery() {}, follow };
      return consul;
    },
    use({ link }) {
      used = link;
      leaving.linkChanged();
    },
  };
}
