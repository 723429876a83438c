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
  readonly way: Way;
  /** How often it looks for changes: as the docs have it, or by itself. */
  readonly refresh: "of the docs" | "default";
  /** Seconds until it followed each event, in each round. */
  readonly seconds: Readonly<Record<Event, number[]>>;
  /** The most seconds without a sample of some group, around each event. */
  readonly gapSeconds: Readonly<Record<Event, number[]>>;
  /** Samples that were less than one before them. */
  teeth: number;
}

/** A scraper at work, and how it is told that it scrapes a member. */
interface Follower {
  readonly scraper: RunningScraper;
  readonly followed: Followed;
}

const MEMBERS = 3;
/** A third of the groups, of all kinds, each pushed once a second. */
const GROUPS = LIVE.filter((_, i) => i % 3 === 0);
/** Consul's checks, as they are by default. */
const CHECK_INTERVAL = "5s";
const FOLLOWED_MS_MAX = 180_000;
const LOOK_EVERY_MS = 250;
/** An agent sends what it has after 5 s at the latest. */
const SENT_MS = 8_000;
/** So that no event comes just when some scraper has looked. */
const PAUSE_MS_MAX = 20_000;

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
  const refreshes = way === "/pushed" ? ["default"] as const : ["default", "of the docs"] as const;
  for (const build of builds.filter(({ ways }) => ways.includes(way))) {
    for (const refresh of refreshes) {
      const config = refresh === "default" ? withoutRefresh(example) : example;
      const scraper = stack.use(await build.start(config));
      const followed = { name: build.name, way, refresh, ...noFigures() };
      followers.push({ scraper, followed });
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
      throw new Error(`${followers[late].followed.name} does not scrape ${member.url}`);
    }
  }
  await sleep(SENT_MS);

  const [, mortal] = members;
  for (let round = 1; round <= rounds; round++) {
    const added = members[MEMBERS + round - 1];
    const happen: Readonly<Record<Event, () => Promise<void>>> = {
      death: () => mortal.kill9(),
      return: () => mortal.start(),
      "new member": () => reload(service, fleet.config(members.slice(0, MEMBERS + round))),
    };
    for (const event of EVENTS) {
      await sleep(Math.random() * PAUSE_MS_MAX);
      await happen[event]();
      const unixMs = Date.now();
      const seconds = await follow(event === "new member" ? added : mortal, event !== "death");
      await sleep(SENT_MS);
      for (const [i, { scraper, followed }] of followers.entries()) {
        followed.seconds[event].push(seconds[i]);
        const history = await scraper.history(COUNTER);
        followed.gapSeconds[event].push(longestGapMs(history, unixMs) / 1_000);
        followed.teeth = findTeeth(history).length;
      }
      tell(`${way}, round ${round}, ${event}: ${seconds.map((s) => s.toFixed(1)).join(" ")}`);
    }
  }
  for (const { group, why } of load.failed) tell(`a push of ${group} failed: ${why}`);
  return followers.map(({ followed }) => followed);
}

function noFigures() {
  const none = () =>
    Object.fromEntries(EVENTS.map((event) => [event, []])) as unknown as Record<Event, number[]>;
  return { seconds: none(), gapSeconds: none(), teeth: 0 };
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

/** The longest time between two samples of one series of which the later one came after a moment. */
function longestGapMs(history: readonly Series[], sinceUnixMs: number): number {
  const gaps = history.flatMap(({ samples }) =>
    samples.slice(1).map(({ unixMs }, i) => unixMs < sinceUnixMs ? 0 : unixMs - samples[i].unixMs)
  );
  return Math.max(0, ...gaps);
}
