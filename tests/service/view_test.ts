/** The view that requests are answered from, and who is told of it. */

import assert from "node:assert/strict";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { createHistory } from "../../src/membership/history.ts";
import type { Membership } from "../../src/membership/membership.ts";
import { nextMembership } from "../../src/membership/state.ts";
import { createView, type View } from "../../src/service/view.ts";
import { consulPolicy, event, member, ring, states, tell } from "../membership/story.ts";
import { recordLog } from "../model/log.ts";

const permissions = "none";
const policy = consulPolicy();

/** A view that is told of events, and what its listeners and its log are told. */
function startView() {
  const told: string[] = [];
  const lines: string[] = [];
  const view: View = createView({
    log: recordLog((line) => lines.push(line)),
    listeners: [{
      membershipChanged: (membership) => {
        told.push(states(membership));
        assert.equal(view.snapshot().membership, membership, "it is in force when it is told");
      },
      ringChanged: (published) => {
        told.push(published.members.join(" "));
        assert.equal(view.snapshot().ring, published, "it is in force when it is told");
      },
    }, { membershipChanged() {} }],
    groupsOf: () => undefined,
    movedOf: () => undefined,
    history: createHistory(() => 0),
  });
  const { onMembership, onRing } = view.follow("Consul");
  function learn(...events: string[]): Membership {
    for (const text of events) {
      const { membership: previous } = view.snapshot();
      const next = nextMembership(previous, event(text), policy);
      if (next !== previous) onMembership(next, { previous, event: event(text) });
    }
    return view.snapshot().membership;
  }
  const publish = () => onRing(HashRing.of(view.snapshot().membership.ring));
  return { view, told, lines, learn, publish };
}

Deno.test("a change is in force before listeners are told, and a ring that is published after it", {
  permissions,
}, () => {
  const { view, told, learn, publish } = startView();
  learn("list a", "a ok");
  const { membership } = view.snapshot();
  publish();
  assert.deepEqual(told, ["a joining", "a active", "a:9091"]);
  assert.equal(view.snapshot().membership, membership, "the ring alone has changed");
});

Deno.test("who watches sees the present view, and each whole change until disposal", {
  permissions,
}, () => {
  const { view, learn, publish } = startView();
  learn("list a");
  const seen: string[] = [];
  {
    using _watch = view.watch(({ membership, ring }) =>
      seen.push(`${states(membership)} / ${ring.members}`)
    );
    learn("a ok");
    publish();
  }
  learn("a refused");
  assert.deepEqual(seen, ["a joining / ", "a active / ", "a active / a:9091"]);
});

Deno.test("members that are learnt from elsewhere are forgotten, but not the ring", {
  permissions,
}, () => {
  const { view, learn, publish } = startView();
  learn("list a b", "a ok", "b ok");
  publish();
  const before = view.snapshot().ring;
  let changes = 0;
  using _watch = view.watch(() => changes++);
  view.sourceChanged();
  assert.equal(changes, 2, "at once, and at the change");
  const { membership } = view.snapshot();
  assert.deepEqual([states(membership), ring(membership)], ["", "kept: a b"]);
  assert.equal(view.snapshot().ring, before);
});

Deno.test("why a probe failed is told with the member's change, and forgotten with the member", {
  permissions,
}, () => {
  const { view, lines, learn } = startView();
  learn("list a b d", "a ok", "b ok", "d ok");
  view.probeFailed(member("d"), "answers its probe with 500");
  learn("d refused");
  assert.match(lines.at(-1) ?? "", /"member":"d:9091".*answers its probe with 500/);
  learn("list a b", "gives up d");
  assert(!view.snapshot().membership.records.has(member("d")), "it is in no file");
  learn("list a b d", "d ok", "d refused");
  assert.match(lines.at(-1) ?? "", /"member":"d:9091".*does not answer our probe/);
});

Deno.test("a view begins with nothing known", { permissions }, () => {
  const { view } = startView();
  assert.equal(view.snapshot().membership, tell([], policy));
  assert.deepEqual(view.snapshot().ring.members, []);
});
