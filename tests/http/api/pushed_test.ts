import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { createPushed, type PushedDeps } from "../../../src/http/api/pushed.ts";
import type { Snapshot } from "../../../src/http/snapshot.ts";
import type { Member } from "../../../src/member.ts";
import type { SendLimits } from "../../../src/pushgateway/client/connection.ts";
import type { Transport } from "../../../src/pushgateway/client/transport.ts";
import { HashRing } from "../../../src/ring/hash_ring.ts";
import { tell } from "../../membership/story.ts";
import { answerOf } from "../messages.ts";
import { ONE_ACTIVE, UNKNOWN, view } from "../view.ts";

const permissions = "none";
const BUILD = "# TYPE pushgateway_build_info gauge\npushgateway_build_info 1\n";
const TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/** Members that show one group each, named after the member. */
function transportOf(onAsked: (member: Member) => void): Transport {
  return {
    async send(member: Member, _: unknown, { onBody }: SendLimits) {
      onAsked(member);
      const page = `# TYPE m gauge\nm{job="${member}"} 1\n${BUILD}`;
      await onBody?.(new TextEncoder().encode(page), ["content-type", TYPE]);
      return { status: 200, headers: ["content-type", TYPE], body: new Uint8Array() };
    },
    [Symbol.dispose]() {},
  };
}

async function scrape(
  own: Partial<PushedDeps>,
  { target = "/pushed", onAsked = () => {} }: {
    readonly target?: string;
    readonly onAsked?: (member: Member) => void;
  } = {},
): Promise<{ status: number; text: string; type: string | null }> {
  const pushed = createPushed({
    snapshot: () => ONE_ACTIVE,
    awaitsDiscovery: () => false,
    way: () => ({ transport: transportOf(onAsked) }),
    handoff: {
      enabled: true,
      areInPlace: () => true,
      pushTimes: () => assert.fail("nobody is read twice"),
      ownerOf: () => undefined,
    },
    log: getLogger("nowhere"),
    ...own,
  });
  const answer = answerOf(await pushed({ target, headers: [] }));
  return {
    status: answer.status,
    text: await answer.text(),
    type: answer.headers.get("content-type"),
  };
}

/** The jobs on a page, and what it says of each member. */
function shownOn(text: string) {
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found);
  return {
    jobs: all(/^m\{job="([^"]+)"/gm),
    up: all(/^dynamic_sharding_pushed_up\{member="([^"]+)"\} 1$/gm),
    down: all(/^dynamic_sharding_pushed_up\{member="([^"]+)"\} 0$/gm),
  };
}

Deno.test(
  "the page is as the members say that theirs are, with what is up",
  { permissions },
  async () => {
    const { status, text, type } = await scrape({});
    assert.deepEqual([status, type], [200, TYPE]);
    assert.deepEqual(shownOn(text), { jobs: ["a:9091"], up: ["a:9091"], down: [] });
  },
);

/** `b` answers, and has not been swept. */
const UNSWEPT: Snapshot = {
  membership: tell(["list a b", "a ok", "a admitted", "b ok"], {
    configured: [],
    secondOpinion: true,
    handoff: true,
  }),
  ring: HashRing.of(new Map([...view("list a b", "a ok", "b ok").ring.weights])),
};

for (
  const [why, own, reason] of [
    ["before anything is known", { snapshot: () => UNKNOWN }, "the members are not known yet\n"],
    [
      "before discovery has told its view",
      { awaitsDiscovery: () => true },
      "the members are not known yet\n",
    ],
    [
      "while a member of the ring was not swept",
      { snapshot: () => UNSWEPT },
      "b:9091: not swept yet, so it may hold old copies\n",
    ],
  ] as const
) {
  Deno.test(`${why} it is 503`, { permissions }, async () => {
    const { status, text } = await scrape(own);
    assert.deepEqual([status, text], [503, reason]);
  });
}

Deno.test("where members may be missing, one that was not swept is", { permissions }, async () => {
  const { status, text } = await scrape({ snapshot: () => UNSWEPT }, {
    target: "/pushed?partial=true",
  });
  assert.equal(status, 200);
  assert.deepEqual(shownOn(text), { jobs: ["a:9091"], up: ["a:9091"], down: ["b:9091"] });
});

Deno.test(
  "before anything is known it is 503 also where members may be missing",
  { permissions },
  async () => {
    const target = "/pushed?partial=true";
    assert.equal((await scrape({ snapshot: () => UNKNOWN }, { target })).status, 503);
  },
);

Deno.test("a query that is none is 400", { permissions }, async () => {
  const { status, text } = await scrape({}, { target: "/pushed?partial=1" });
  assert.equal(status, 400);
  assert.equal(text, "expected partial=true or partial=false, found partial=1\n");
});

Deno.test("pages that were opened by a ring that has changed meanwhile are opened anew", {
  permissions,
}, async () => {
  let present = ONE_ACTIVE;
  const asked: Member[] = [];
  const { text } = await scrape({ snapshot: () => present }, {
    onAsked(member) {
      asked.push(member);
      present = view("list a b", "a ok", "b ok");
    },
  });
  assert.deepEqual(asked, ["a:9091", "a:9091", "b:9091"]);
  assert.deepEqual(shownOn(text).jobs, ["a:9091", "b:9091"]);
});

Deno.test(
  "what has got out of place while the pages were opened is looked at",
  { permissions },
  async () => {
    let [looks, reads] = [0, 0];
    const { text } = await scrape({
      handoff: {
        enabled: true,
        areInPlace: () => ++looks < 3, // before the first pages, and while those are asked for
        pushTimes: () => {
          reads++;
          const clockAhead = { min: 0, max: 0 };
          return Promise.resolve({ times: new Map(), failures: new Map(), clockAhead });
        },
        ownerOf: () => undefined,
      },
    });
    assert.equal(reads, 1);
    assert.deepEqual(shownOn(text).jobs, ["a:9091"]);
  },
);
