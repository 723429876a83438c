/** Guards requests: checks the password, if there are users. @module */

import type { WebConfig } from "../../config/web_config.ts";
import type { Logger } from "../../log.ts";
import { createTroubles } from "../../log/trouble.ts";
import { type Handler, type IncomingRequest, type Refuse, Reply } from "../message.ts";
import { basicCredentials } from "../../wire/basic_auth.ts";
import type { Passwords, Users, Verdict } from "./passwords.ts";
import type { Admission } from "./remembered.ts";

/** What the guard needs. */
export interface GuardDeps {
  /** Returns the current configuration. */
  readonly config: () => Pick<WebConfig, "headers" | "users">;
  readonly passwords: Passwords;
  readonly log: Logger;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

/** Puts the guard in front of a handler. */
export type Guard = (handle: Handler, refuse: Refuse) => Handler;

/** Creates the guard of one service. */
export function createGuard({ config, passwords, log, now }: GuardDeps): Guard {
  /** By the list of headers: the list of a client is the same in all of its pushes. */
  const admissions = new WeakMap<readonly string[], Admission>();
  /** Clients that send wrong passwords. */
  const troubles = createTroubles(now);

  function noteRight(client: string): void {
    const past = troubles.over(client);
    if (past) log.info("client sends a valid password again", { client, ...past });
  }

  /** @returns the admission of a request, or the answer that refuses it */
  function admit(
    request: IncomingRequest,
    users: Users,
    refuse: Refuse,
  ): Admitted | Promise<Admitted> {
    const { headers, client } = request;
    const unauthorized = () => refuse(request, 401, "Unauthorized", ["www-authenticate", "Basic"]);
    const known = admissions.get(headers);
    if (known && passwords.holds(known, users)) return known;
    const credentials = basicCredentials(headers);
    if (!credentials) return unauthorized();
    const verdict = passwords.check(credentials, users, client);
    const judge = (verdict: Verdict): Admitted => {
      if (verdict === "busy") {
        return refuse(request, 429, "too many passwords to check", ["retry-after", "1"]);
      }
      if (verdict === "wrong") {
        if (troubles.isNews(client, verdict)) {
          log.warn("request refused: wrong user or password", { client });
        }
        return unauthorized();
      }
      admissions.set(headers, verdict);
      noteRight(client);
      return verdict;
    };
    return verdict instanceof Promise ? verdict.then(judge) : judge(verdict);
  }

  return (handle, refuse) => {
    const goOn = (request: IncomingRequest, admitted: Admitted) =>
      admitted instanceof Reply ? admitted : handle({ ...request, user: admitted.user });
    const answer = (request: IncomingRequest, users: Users) => {
      if (users.size === 0) return handle(request);
      const admitted = admit(request, users, refuse);
      return admitted instanceof Promise
        ? admitted.then((admitted) => goOn(request, admitted))
        : goOn(request, admitted);
    };
    return (request) => {
      const { users, headers } = config();
      const reply = answer(request, users);
      if (headers.length === 0) return reply;
      return reply instanceof Promise
        ? reply.then((reply) => withHeaders(reply, headers))
        : withHeaders(reply, headers);
    };
  };
}

type Admitted = Admission | Reply;

/** Adds headers to a reply. They replace those that a Pushgateway has sent. */
function withHeaders({ status, body, headers }: Reply, added: readonly string[]): Reply {
  const names = new Set(added.filter((_, i) => i % 2 === 0));
  const kept = headers.filter((_, i) => !names.has(headers[i - i % 2]));
  return new Reply(status, body, [...kept, ...added]);
}
