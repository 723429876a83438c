/**
 * How long scrapers take to follow members that die, return and come, and for how long they have no
 * samples of groups meanwhile.
 *
 * @module
 */

import { sleep } from "../../src/concurrency/backoff.ts";
import type { Series } from "../../tools/prometheus.ts";
import type { Pushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { reload, startFleet } from "../e2e/fleet.ts";
import { COUNTER, LIVE } from "../e2e/groups.ts";
import { startLoad } from "../e2e/load.ts";
import { findTeeth } from "../e2e/sawtooth.ts";
import { scrapeExample, type Way, withoutRefresh } from "../integration/scrape_example.ts";
import type { Build, RunningScraper } from "./scrapers.ts";

/** What happens to a member, in the order of the table. */
export const EVENTS = ["death", "return", "new member"] as const;
export type Event = (typeof EVENTS)[number];

/** One scraper, and what became of it. */
export interface Followed {
  readonly name: string;
  /** How often it looks for changes: as the docs have it, or as it does by itself. */
  readonly refresh: "5s" | "default" | "–";
  /** Seconds until it followed each event, in each round. */
  readonly seconds: Readonly<Record<Event, number[]>>;
  /** The most seconds without a sample of some group, from each event to the next one. */
  readonly gapSeconds: Readonly<Record<Event, number[]>>;
  /** Samples that were less than one before them. */
  readonly teeth: number;
}

/** A scraper at work. */
interface Follower {
  readonly scraper: RunningScraper;
  readonly name: string;
  readonly refresh: Followed["refresh"];
}

/** An event that has happened, and how many seconds each follower took. */
interface Happened {
  readonly event: Event;
  readonly unixMs: number;
  readonly seconds: readonly number[];
}

const MEMBERS = 3;
/** A third of the groups, of all kinds, each pushed once a second. */
const GROUPS = LIVE.filter((_, i) => i % 3 === 0);
/** Consul's checks, as they are by default. */
const CHECK_INTERVAL = "5s";
const FOLLOWED_MS_MAX = 180_000;
const LOOK_EVERY_MS = 250;
/** An agent may take so long to send what it has scraped. */
const SENT_MS = 20_000;
/** In between each group is pushed and scraped again, and no event comes just when some scraper has looked. */
const PAUSE_MS = { min: 5_000, max: 25_000 };

/**
 * Runs all builds that can find members by a way, with each interval, before one fleet.
 *
 * @param rounds how often each event happens
 * @param tell takes a line on each event
 * @throws {Error} when a scraper does not begin to scrape the members
 */
export async function measure(
  way: Way,
  { builds, rounds, tell }: {
    readonly builds: readonly Build[];
    readonly rounds: number;
    readonly tell: (line: string) => void;
  },
): Promise<Followed[]> {
  await using stack = new AsyncDisposableStack();
  const fleet = await startFleet({
    instances: 1,
    pushgateways: MEMBERS + rounds,
    configured: MEMBERS,
    checkInterval: CHECK_INTERVAL,
  }, stack);
  const { consul, members, services: [service] } = fleet;
  const load = stack.use(startLoad(GROUPS, [service.url]));
  const addresses = { service: new URL(service.url).host, consul: consul.address };
  const example = await scrapeExample(way, addresses);

  const followers: Follower[] = [];
  const refreshes = way === "/pushed" ? ["–"] as const : ["default", "5s"] as const;
  for (const build of builds.filter(({ ways }) => ways.includes(way))) {
    for (const refresh of refreshes) {
      const config = refresh === "default" ? withoutRefresh(example) : example;
      const scraper = stack.use(await build.start(config));
      followers.push({ scraper, name: build.name, refresh });
    }
  }
  /** Waits until each of them scrapes a member, or does so no more. @returns seconds, in their order */
  const follow = (member: Pushgateway, wanted: boolean) => {
    const news = { member, wanted, sinceUnixMs: Date.now() };
    return Promise.all(followers.map(async ({ scraper }) => {
      const look = () => way === "/pushed" ? firstOnPage(scraper, news) : asTarget(scraper, news);
      const options = { what: "", msMax: FOLLOWED_MS_MAX, everyMs: LOOK_EVERY_MS };
      const unixMs = await waitFor(look, options).catch(() => Infinity);
      return (unixMs - news.sinceUnixMs) / 1_000;
    }));
  };
  for (const member of members.slice(0, MEMBERS)) {
    const late = (await follow(member, true)).indexOf(Infinity);
    if (late >= 0) {
      throw new Error(`${followers[late].name} does not scrape ${member.url}`);
    }
  }

  const [, mortal] = members;
  const happened: Happened[] = [];
  for (let round = 1; round <= rounds; round++) {
    const added = members[MEMBERS + round - 1];
    const happen: Readonly<Record<Event, () => Promise<void>>> = {
      death: () => mortal.kill9(),
      return: () => mortal.start(),
      "new member": () => reload(service, fleet.config(members.slice(0, MEMBERS + round))),
    };
    for (const event of EVENTS) {
      await sleep(PAUSE_MS.min + Math.random() * (PAUSE_MS.max - PAUSE_MS.min));
      await happen[event]();
      const unixMs = Date.now();
      const seconds = await follow(event === "new member" ? added : mortal, event !== "death");
      happened.push({ event, unixMs, seconds });
      tell(`${way}, round ${round}, ${event}: ${seconds.map((s) => s.toFixed(1)).join(" ")}`);
    }
  }
  await sleep(SENT_MS);
  for (const { group, why } of load.failed) tell(`a push of ${group} failed: ${why}`);
  return await Promise.all(followers.map(async ({ scraper, name, refresh }, i) => {
    const history = await scraper.history(COUNTER);
    return {
      name,
      refresh,
      seconds: byEvent(happened, ({ seconds }) => seconds[i]),
      gapSeconds: byEvent(happened, ({ unixMs }, next) => {
        return longestGapMs(history, unixMs, next?.unixMs ?? Infinity) / 1_000;
      }),
      teeth: findTeeth(history).length,
    };
  }));
}

/** A figure of each event that has happened, and the one after it. */
function byEvent(
  happened: readonly Happened[],
  figure: (one: Happened, next: Happened | undefined) => number,
): Record<Event, number[]> {
  const figures: Record<Event, number[]> = { death: [], return: [], "new member": [] };
  for (const [i, one] of happened.entries()) figures[one.event].push(figure(one, happened[i + 1]));
  return figures;
}

/** Of what a scraper has to hear: that a member is there, or is there no more. */
interface News {
  readonly member: Pushgateway;
  readonly wanted: boolean;
  readonly sinceUnixMs: number;
}

/** The time, as soon as a member is a target, or none. */
async function asTarget(
  scraper: RunningScraper,
  { member, wanted }: News,
): Promise<number | undefined> {
  const targets = await scraper.targets();
  const addresses = targets.map(({ discoveredLabels }) => discoveredLabels.__address__);
  return addresses.includes(member.address) === wanted ? Date.now() : undefined;
}

/** When a page was scraped that has a member's groups, or lacks them: what is stored is told only later. */
async function firstOnPage(
  scraper: RunningScraper,
  { member: { address }, wanted, sinceUnixMs }: News,
): Promise<number | undefined> {
  const history = await scraper.history(`dynamic_sharding_pushed_up{member="${address}"}`);
  const isNews = ({ unixMs, value }: Series["samples"][number]) =>
    unixMs >= sinceUnixMs && (value === 1) === wanted;
  return history.flatMap(({ samples }) => samples).find(isNews)?.unixMs;
}

/** The longest time between two samples of one series of which the later one came between two moments. */
function longestGapMs(history: readonly Series[], fromUnixMs: number, toUnixMs: number): number {
  const gaps = history.flatMap(({ samples }) =>
    samples.slice(1).map(({ unixMs }, i) =>
      unixMs >= fromUnixMs && unixMs < toUnixMs ? unixMs - samples[i].unixMs : 0
    )
  );
  return Math.max(0, ...gaps);
}
