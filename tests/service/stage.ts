/** Configurations by a name, whose tasks write down what becomes of them. @module */

import assert from "node:assert/strict";
import { untilAborted } from "../../src/concurrency/abort.ts";
import type { Task } from "../../src/concurrency/run_group.ts";
import type { ConsulLink } from "../../src/service/consul_link.ts";
import type { Term } from "../../src/service/term.ts";
import { createTerms, type Terms } from "../../src/service/terms.ts";

/** What happens to one of them, in this order and once each. */
export const WHOLE_LIFE = ["opened", "begins", "stops", "ended", "closed"] as const;

/** Where configurations come and go. */
export interface Stage {
  readonly terms: Terms;
  /** What happened, as `b begins`; a way to Consul has the name of its Consul. */
  readonly events: readonly string[];
  /** What happened to one of them. */
  of(name: string): string[];
  /** Puts the next configuration in force, `b` or `b@consul`. */
  reload(name: string): Promise<void>;
  /** Keeps the tasks of one that is told to stop from ending. */
  hold(name: string): { release(): void };
  /** Lets the members of a configuration come in, where that was held up. */
  comeIntoForce(name: string): void;
  /** Has a task of a configuration fail. */
  break(name: string, error: Error): void;
  /** The name of the one in force. */
  current(): string;
}

/** Options of the stage. */
export interface StageOptions {
  /** Configurations whose members do not come in at once. */
  readonly slow?: readonly string[];
}

/** Sets it, with a first configuration; nothing runs yet. */
export function setStage(first: string, { slow = [] }: StageOptions = {}): Stage {
  const events: string[] = [];
  const links = new Map<string, ConsulLink>();
  const names = new Map<Term | ConsulLink, string>();
  const held = new Map<string, Promise<void>>();
  const inForce = new Map<string, () => void>();
  const broken = new Map<string, (error: Error) => void>();
  const nextNames: string[] = [];

  function open(text: string): Term {
    const [name, consul] = text.split("@");
    const add = <T extends object>(name: string, own: T): T & Disposable => {
      events.push(`${name} opened`);
      return Object.assign(own, { [Symbol.dispose]: () => void events.push(`${name} closed`) });
    };
    const link = consul === undefined
      ? undefined
      : links.get(consul) ?? add(consul, {}) as unknown as ConsulLink;
    if (consul !== undefined && link) {
      links.set(consul, link);
      names.set(link, consul);
    }
    // Nobody looks at more of it.
    const term = add(name, link ? { consul: { link } } : {}) as unknown as Term;
    names.set(term, name);
    return term;
  }

  function taskOf(thing: Term | ConsulLink): Task {
    const name = names.get(thing) ?? "";
    return async (signal) => {
      events.push(`${name} begins`);
      const failed = new Promise<never>((_, reject) => broken.set(name, reject));
      await Promise.race([untilAborted(signal), failed]);
      events.push(`${name} stops`);
      await held.get(name);
      events.push(`${name} ended`);
    };
  }

  const terms = createTerms(open(first), {
    async open(previous) {
      await new Promise((resolve) => setTimeout(resolve)); // as reading a file does
      assert.equal(names.get(terms.current()), names.get(previous), "it takes over from that one");
      const name = nextNames.shift() ?? "";
      if (name === "bad") throw new Error("the file is bad");
      return open(name);
    },
    tasksOf(term, start) {
      const name = names.get(term) ?? "";
      if (slow.includes(name)) inForce.set(name, start.inForce);
      else start.inForce();
      return [taskOf(term)];
    },
    linkTasksOf: (link) => [taskOf(link)],
    onSwap: (next, previous) => events.push(`from ${names.get(previous)} to ${names.get(next)}`),
  });
  return {
    terms,
    events,
    of: (name) =>
      events.filter((event) => event.startsWith(`${name} `)).map((event) =>
        event.slice(name.length + 1)
      ),
    reload(name) {
      nextNames.push(name);
      return terms.reload();
    },
    hold(name) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(name, promise);
      return { release: resolve };
    },
    comeIntoForce: (name) => inForce.get(name)?.(),
    break: (name, error) => broken.get(name)?.(error),
    current: () => names.get(terms.current()) ?? "",
  };
}

/** Runs what is on the stage; disposal ends it. */
export function run({ terms }: Stage): AsyncDisposable & { end(): Promise<void> } {
  const stop = new AbortController();
  const running = terms.run(stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  return { end, [Symbol.asyncDispose]: end };
}
