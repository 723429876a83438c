/** Whether those that take a drain's groups check pushes, and how often they are asked. */

import assert from "node:assert/strict";
import { MemberFailure } from "../../../src/handoff/gateways.ts";
import { createPushChecks } from "../../../src/handoff/settle/push_checks.ts";
import type { Member } from "../../../src/member.ts";
import { consulPolicy, tell } from "../../membership/story.ts";
import { a, b } from "../plan/members.ts";

const permissions = "none";
const never = new AbortController().signal;
const BOTH = ["list a b", "a ok since 1", "b ok since 2"];

/** Members that answer so; `fails` is no answer. */
function membersThat(says: Map<Member, boolean | undefined | "fails">) {
  let events = BOTH;
  const asked: Member[] = [];
  const checks = createPushChecks({
    membership: () => tell(events, consulPolicy()),
    gateways: {
      checksPushes(member) {
        asked.push(member);
        const answer = says.get(member);
        if (answer === "fails") return Promise.reject(new MemberFailure(`${member} is away`));
        return Promise.resolve(answer);
      },
    },
  });
  const told = (...more: string[]) => events = [...events, ...more];
  const any = async () => {
    await checks.ask([a, b], never);
    return checks.anyOf([a, b]);
  };
  return { asked, told, any };
}

for (
  const [one, other, any] of [
    [true, true, true],
    [true, false, true],
    [true, "fails", true],
    [false, false, false],
    [false, undefined, undefined],
    [false, "fails", undefined],
    [undefined, undefined, undefined],
  ] as const
) {
  Deno.test(`where one member says ${one} and another ${other}, that any checks is ${any}`, {
    permissions,
  }, async () => {
    assert.equal(await membersThat(new Map([[a, one], [b, other]])).any(), any);
  });
}

Deno.test("a member is asked once, and again when it has restarted, or had not answered", {
  permissions,
}, async () => {
  const says = new Map<Member, boolean | "fails">([[a, true], [b, "fails"]]);
  const { asked, told, any } = membersThat(says);
  for (let looks = 0; looks < 2; looks++) assert.equal(await any(), true);
  assert.deepEqual(asked, [a, b, b]);
  says.set(a, false).set(b, false);
  told("a ok since 9");
  assert.equal(await any(), false, "it was started again with the flag");
  assert.equal(await any(), false);
  assert.deepEqual(asked, [a, b, b, a, b]);
});
