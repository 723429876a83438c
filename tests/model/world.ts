/** A fleet in memory: Pushgateways, a Consul, instances of the service, clients; and what is done to them. @module */

import { sleep } from "../../src/concurrency/backoff.ts";
import { type Member, parseMember } from "../../src/member.ts";
import { createRandom, type Random } from "../../tools/random.ts";
import { type Clockwork, createClockwork } from "./clockwork.ts";
import { createConsul, type ModelConsul } from "./consul.ts";
import { type Instance, startInstance } from "./instance.ts";
import { recordLog } from "./log.ts";
import { delayMs, type Host, WELL } from "./network.ts";
import { createOracle, isTaken, type Oracle, type Push } from "./oracle.ts";
import { createPushgateway } from "./pushgateway.ts";
import type { PlannedStep, Step } from "./steps.ts";

/** Every push carries it, with a value of its own. */
export const SHARED_FAMILY = "last_push";

/** How a world is made. */
export interface Setting {
  readonly seed: number;
  readonly members: number;
  /** Members that the file names at first. */
  readonly first: readonly number[];
  readonly instances: number;
  /** Agents of Consul; 0: the file names none. Each instance has one, or all have the first. */
  readonly agents: number;
  /** By how much the Pushgateways' clocks are ahead of ours, at most. */
  readonly aheadMsMax: number;
  /** Groups that clients push. */
  readonly groups: number;
  /**
   * How long members take for a push or a deletion after they have answered, at most, by their numbers; a
   * member that is not named checks its pushes.
   */
  readonly queueMsMax: Readonly<Record<number, number>>;
  /** Between two sweeps of a member where nothing happens: 10s by default. */
  readonly sweepInterval?: string;
}

/** How clients push. */
export interface Load {
  /** Clients of each group; each has one push under way at a time. */
  readonly clients: number;
  /** Between two pushes of one client. */
  readonly everyMs: number;
  /** What is pushed, each as often as it is named. */
  readonly methods: readonly Push["method"][];
  /** How many names the families of a group's pushes have; as many as pushes, where it is not given. */
  readonly names?: number;
}

/** A fleet. Disposal gives the real clock back. */
export interface World extends AsyncDisposable {
  readonly clockwork: Clockwork;
  readonly random: Random;
  readonly oracle: Oracle;
  readonly consul: ModelConsul;
  readonly hosts: readonly Host[];
  /** The members' names, by their numbers. */
  readonly members: readonly Member[];
  readonly instances: readonly Instance[];
  /** The groups that clients push: one has no instance. */
  readonly paths: readonly string[];
  /** What has happened, and what the instances logged, with the time of each. */
  readonly happenings: readonly string[];
  /** What was found to be lost, in words, at the moment when it was. */
  readonly losses: readonly string[];
  /** Pushes once, and waits for the answer. */
  push(method: Push["method"], path: string, via: number, names?: number): Promise<Push>;
  /** Clients push until the signal aborts; ends when each has had its last answer. */
  load(load: Load, signal: AbortSignal): Promise<void>;
  /** Takes a step; ends when what lasts for a time is over. */
  take(step: Step): Promise<void>;
  /** Takes steps one after the other, and ends when all of what lasts is over. */
  play(steps: readonly PlannedStep[]): Promise<void>;
  /** The file of all instances names these members. */
  names(members: readonly number[]): void;
  /** The hosts that hold a group. */
  holders(path: string): Member[];
  /** The families of a group on all hosts, with their values. */
  families(path: string): Map<string, number[]>;
  /** What is not there as it should be, in words. */
  missing(): string[];
  /** All is well again: nobody leaves, everybody answers, and all members are in every ring. */
  recover(): Promise<void>;
  /** Ends all instances. */
  end(): Promise<void>;
}

const PORT = 9091;
const RECOVERY_MS_MAX = 120_000;

/** The name of a member by its number. */
export function memberName(i: number): Member {
  return parseMember(`gateway-${i}:${PORT}`);
}

/** The path of a group that clients push, by its number. */
function pathOf(i: number): string {
  return i === 0 ? "/metrics/job/backup" : `/metrics/job/db/instance/${i}`;
}

/** Creates a world and lets its instances come up. */
export function createWorld(setting: Setting): World {
  const random = createRandom(setting.seed);
  const clockwork = createClockwork();
  const oracle = createOracle();
  const happenings: string[] = [];
  const losses: string[] = [];
  const note = (what: string) => {
    happenings.push(`${(clockwork.nowMs / 1_000).toFixed(3)} ${what}`);
  };

  const numbers = Array.from({ length: setting.members }, (_, i) => i);
  const members = numbers.map(memberName);
  const seconds = numbers.map((i) => parseMember(`second-name-of-${i}:${PORT}`));
  const paths = Array.from({ length: setting.groups }, (_, i) => pathOf(i));
  const hosts = numbers.map((i): Host => {
    const aheadMs = setting.aheadMsMax * (2 * random.next() - 1);
    const queueMsMax = setting.queueMsMax[i] ?? 0;
    const pushgateway = createPushgateway({
      number: i,
      clock: () => Date.now() + aheadMs,
      ...(queueMsMax > 0 && { queueMs: () => queueMsMax * random.next() }),
      onChange(path) {
        note(`${path} on ${members[i]}: ${groupOn(members[i], path).join(" ") || "nothing"}`);
        lookForLosses(path);
      },
    });
    return { pushgateway, ...WELL };
  });
  const reachable = new Map(
    numbers.flatMap((i) => [[members[i], hosts[i]], [seconds[i], hosts[i]]] as const),
  );

  function families(path: string): Map<string, number[]> {
    const found = new Map<string, number[]>();
    for (const { pushgateway: { groups } } of hosts) {
      for (const [name, { value }] of groups.get(path)?.families ?? []) {
        if (value !== undefined) found.set(name, [...found.get(name) ?? [], value]);
      }
    }
    return found;
  }

  function lookForLosses(path: string): void {
    if (losses.length > 0) return;
    const missing = oracle.missing(path, families(path));
    if (missing.length === 0) return;
    losses.push(`${path} has lost ${missing.join(" ")}`);
    note(`LOST: ${losses[0]}`);
  }

  function groupOn(member: Member, path: string): string[] {
    const group = reachable.get(member)?.pushgateway.groups.get(path);
    if (!group) return [];
    const shared = group.families.get(SHARED_FAMILY)?.value;
    const names = [...group.families.keys()].filter((name) => name !== SHARED_FAMILY);
    return [`@${group.pushTime.toFixed(3)}`, `#${shared ?? ""}`, ...names];
  }

  const consul = createConsul({
    agents: setting.agents,
    answers: (address) => reachable.get(parseMember(address))?.up ?? false,
    random,
  });
  let named = setting.first;
  /** Names by which a member is in the file. */
  const spellings = new Map<number, "first" | "second" | "both">();

  function file(): string {
    const servers = named.flatMap((i) => {
      const spelling = spellings.get(i) ?? "first";
      return [
        ...spelling === "second" ? [] : [members[i]],
        ...spelling === "first" ? [] : [seconds[i]],
      ];
    });
    const section = setting.agents > 0 ? "consul_server: {addr: localhost:8500}\n" : "";
    const interval = setting.sweepInterval ?? "10s";
    return `mode: proxy\n${section}handoff: {sweep_interval: ${interval}}\n` +
      `pushgateway: {servers: ${JSON.stringify(servers)}}\n`;
  }

  const agentOf = (i: number) => consul.agents[Math.min(i, consul.agents.length - 1)];
  let starts = 0;
  const start = (i: number) => {
    const name = `instance-${i}-${starts++}`;
    const agent = agentOf(i);
    const log = recordLog((line) => note(`${name} ${line}`));
    return startInstance({ name, file, hosts: reachable, ...(agent && { agent }), random, log });
  };
  /** One restart of an instance after the other. */
  const restarting = new Map<number, Promise<void>>();
  const instances = Array.from({ length: setting.instances }, (_, i) => start(i));
  const over = new AbortController();
  const checking = consul.run(over.signal);
  let count = 0;

  async function push(
    method: Push["method"],
    path: string,
    via: number,
    names = Infinity,
  ): Promise<Push> {
    const number = ++count;
    const own = names === Infinity ? `f${number}` : `s${number % names}`;
    const families = new Map(
      method === "DELETE" ? [] : [[own, number], [SHARED_FAMILY, number]],
    );
    const one: Push = { method, path, families, sentMs: clockwork.nowMs };
    oracle.begins(one);
    note(`${method} ${path} #${number} through ${via}`);
    const lines = [...families].map(([name, value]) => `# TYPE ${name} gauge\n${name} ${value}\n`);
    const body = lines.join("");
    await sleep(delayMs(random));
    const answer = await instances[via].ask(
      method,
      path,
      method === "DELETE" ? undefined : body,
    );
    one.answeredMs = clockwork.nowMs;
    if (answer.status !== undefined) one.status = answer.status;
    oracle.ends(one);
    note(`${method} ${path} #${number} through ${via}: ${answer.status} ${answer.text.trim()}`);
    if (isTaken(one)) lookForLosses(path);
    return one;
  }

  const world: World = {
    clockwork,
    random,
    oracle,
    consul,
    hosts,
    members,
    instances,
    paths,
    happenings,
    losses,
    push,
    async load({ clients, everyMs, methods, names }, signal) {
      const client = async (path: string) => {
        while (!signal.aborted) {
          await sleep(everyMs * 2 * random.next(), signal);
          if (signal.aborted) return;
          await push(random.pick(methods), path, random.between(0, instances.length - 1), names);
        }
      };
      const all = paths.flatMap((path) => Array.from({ length: clients }, () => client(path)));
      await Promise.all(all);
    },
    async take(step) {
      note(`STEP ${JSON.stringify(step)}`);
      await take(step);
    },
    async play(steps) {
      const lasting: Promise<void>[] = [];
      for (const { pauseMs, step } of steps) {
        await sleep(pauseMs);
        lasting.push(world.take(step));
      }
      await Promise.all(lasting);
    },
    names(members) {
      named = members;
    },
    holders: (path) => members.filter((_, i) => hosts[i].pushgateway.groups.has(path)),
    families,
    missing: () =>
      paths.flatMap((path) => {
        const names = oracle.missing(path, families(path));
        return names.length > 0 ? [`${path} lacks ${names.join(", ")}`] : [];
      }),
    async recover() {
      note("RECOVERY");
      spellings.clear();
      named = numbers;
      for (const host of hosts) {
        Object.assign(host, WELL);
        host.pushgateway.refusing = false;
      }
      for (const agent of consul.agents) if (!agent.isUp) agent.join(false);
      await Promise.all(instances.map((instance) => instance.reload()));
      // Whoever was marked again, or is drained still, is called back.
      const all = members.toSorted().join();
      const isWell = () =>
        instances.every(({ snapshot: { ring } }) => ring.members.toSorted().join() === all);
      const giveUpMs = clockwork.nowMs + RECOVERY_MS_MAX;
      while (!isWell() && clockwork.nowMs < giveUpMs) {
        await sleep(5_000);
        if (isWell()) break;
        for (const member of members) {
          await instances[0].ask("DELETE", `/api/v1/members/${member}/drain`);
        }
      }
      if (isWell()) return note("RECOVERED");
      const rings = instances.map(({ snapshot: { ring } }) => ring.members.join(" "));
      throw new Error(`expected every member in every ring, found ${rings.join(" / ")}`);
    },
    async end() {
      over.abort();
      await Promise.all([checking, ...instances.map((instance) => instance.stop())]);
    },
    [Symbol.asyncDispose]: () => clockwork[Symbol.asyncDispose](),
  };

  function isDraining(): boolean {
    return hosts.some(({ pushgateway }, i) => !named.includes(i) && pushgateway.groups.size > 0);
  }

  async function restart(instance: number): Promise<void> {
    const ended = instances[instance].stop();
    // Without a Consul two processes would know nothing of each other.
    if (setting.agents === 0) await ended;
    instances[instance] = start(instance);
    await ended;
  }

  function kill(instance: number): void {
    instances[instance].kill();
    instances[instance] = start(instance);
  }

  async function take(step: Step): Promise<void> {
    switch (step.do) {
      case "reload":
        await Promise.all(
          Array.from({ length: step.times }, () => instances[step.instance].reload()),
        );
        return;
      case "restart":
      case "kill": {
        const { instance } = step;
        // Without a Consul nobody else remembers a member that has to be drained still.
        if (setting.agents === 0 && isDraining()) return;
        // One that begins cannot know of another one that is out of touch.
        if (consul.agents.some(({ isUp }) => !isUp)) return;
        const before = restarting.get(instance);
        const done = (async () => {
          await before;
          await (step.do === "kill" ? kill(instance) : restart(instance));
        })();
        restarting.set(instance, done);
        return await done;
      }
      case "scale":
        // One that begins meanwhile would not know whom it has to drain.
        if (setting.agents === 0) await Promise.all(restarting.values());
        named = step.members;
        for (const instance of instances) {
          void instance.reload();
          await sleep(step.apartMs);
        }
        return;
      case "drain": {
        const path = `/api/v1/members/${members[step.member]}/drain`;
        const { status } = await instances[step.instance].ask("PUT", path);
        if (status !== 202) return;
        await sleep(step.undoAfterMs);
        note(`UNDO of the drain of ${members[step.member]}`);
        await instances[step.instance].ask("DELETE", path);
        return;
      }
      case "pages": {
        const host = hosts[step.member];
        if (step.are === "slow") host.pagesTakeMs = step.ms;
        else host.pages = step.are;
        await sleep(step.ms);
        const { pages, pagesTakeMs } = WELL;
        Object.assign(host, { pages, pagesTakeMs });
        return;
      }
      case "die": {
        const host = hosts[step.member];
        if (!host.up) return;
        host.up = false;
        await sleep(step.ms);
        host.pushgateway.restart(true);
        host.up = true;
        note(`${members[step.member]} is back`);
        return;
      }
      case "refuse": {
        const { pushgateway } = hosts[step.member];
        pushgateway.refusing = true;
        await sleep(step.ms);
        pushgateway.refusing = false;
        return;
      }
      case "lose answers":
        hosts[step.member].answersToLose += step.count;
        return;
      case "agent leaves": {
        const agent = consul.agents[step.agent];
        if (!agent?.isUp) return;
        agent.leave();
        await sleep(step.ms);
        agent.join(step.keepsServices);
        note(`${agent.name} is back`);
        return;
      }
      case "alias":
        spellings.set(step.member, step.name);
        await Promise.all(instances.map((instance) => instance.reload()));
        return;
      default:
        return step satisfies never;
    }
  }

  return world;
}
