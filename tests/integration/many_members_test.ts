/** A thousand members at once are not a thousand lines in the log. @module */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { splitMember } from "../../src/member.ts";
import { registerByHand } from "../consul/registering.ts";
import { type ServiceOptions, startService } from "./service.ts";
import { standIn } from "./stand_in.ts";

const MEMBERS = 1_000;
/** An agent takes a while to register each, and to check them all. */
const SERVERS = 300;
/** Of each phrase: ten lines as they come, sums after 1, 2, 4, 8, 16, 32 and 60 s, and some to spare. */
const LINES_MAX = 20;

/** Of how many lines those with a phrase stand for. */
function stoodFor(lines: readonly string[], phrase: string): number {
  return linesWith(lines, phrase)
    .reduce((sum, line) => sum + Number(/ more=(\d+)/.exec(line)?.[1] ?? 1), 0);
}

function linesWith(lines: readonly string[], phrase: string): string[] {
  return lines.filter((line) => line.includes(` msg="${phrase}"`));
}

/** Starts the service, and listens to what it logs. */
async function startLogged(options: Omit<ServiceOptions, "onOutput">, members = MEMBERS) {
  let text = "";
  const service = await startService({ ...options, onOutput: (more) => text += more });
  let from = 0;
  const lines = () => text.slice(from).split("\n");
  /** No phrase has had more than a few lines since the last call. */
  function areFew(): void {
    const logged = lines().map((line) => / msg="([^"]+)"/.exec(line)?.[1] ?? "");
    for (const phrase of new Set(logged)) {
      const count = logged.filter((one) => one === phrase).length;
      assert(count <= LINES_MAX, `${count} lines: ${phrase}`);
    }
    from = text.length;
  }
  return {
    service,
    areFew,
    /** Waits until some phrases stand for all members. No phrase has more than a few lines. */
    async heardOf(...phrases: readonly string[]): Promise<void> {
      for (const phrase of phrases) {
        await waitFor(() => stoodFor(lines(), phrase) >= members, {
          what: `"${phrase}" to stand for ${members} lines`,
          msMax: 180_000,
        });
        const sums = linesWith(lines(), phrase).join("\n");
        assert.match(sums, / member="127\.\S+:\d+, .*, …"/, "the first few are named");
      }
      areFew();
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

Deno.test("a thousand members that join, die, or are in a new file are a few lines each", async (t) => {
  await using stack = new AsyncDisposableStack();
  const members = Array.from({ length: MEMBERS }, () => stack.use(standIn()));
  const targets = (names: readonly string[]) => JSON.stringify([{ targets: names }]);
  const { service, heardOf } = stack.use(
    await startLogged({
      config: "mode: proxy\nfile_sd: {files: [targets.json]}\n",
      files: { "targets.json": targets(members.map(({ member }) => member)) },
    }),
  );

  await t.step("at the start", () => heardOf("member is joining", "member is active"));
  await t.step("when all die at once", async () => {
    await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
    await heardOf("member is suspect");
  });
  await t.step("when a file names a thousand others, which do not answer either", async () => {
    // No member listens on this address of loopback.
    const others = members.map(({ member }) => member.replace("127.0.0.1", "127.0.0.2"));
    const file = service.configFile.replace(/[^/]+$/, "targets.json");
    await Deno.writeTextFile(file, targets(others));
    await heardOf("member is joining", "member cannot join", "member has departed");
  });
});

Deno.test("a thousand instances in Consul that join, or die with it, are a few lines each", async () => {
  await using stack = new AsyncDisposableStack();
  const consul = stack.use(await startConsul());
  const members = Array.from({ length: MEMBERS }, () => stack.use(standIn()));
  for (const { member } of members) {
    const { host: Address, port: Port } = splitMember(member);
    await registerByHand(consul, { ID: `${Port}`, Name: "pushgateway", Address, Port });
  }
  const { service, heardOf, areFew } = stack.use(
    await startLogged({ config: `mode: proxy\nconsul_server: {addr: "${consul.address}"}\n` }),
  );
  await heardOf("member is joining", "member is active");
  await consul.stop();
  await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
  // Consul has called them healthy: where most do not answer, its last word counts.
  await service.waitForLog("probes of most healthy members fail");
  await service.waitForLog("look-up of members failed");
  areFew();
});

Deno.test("hundreds of servers of the file are registered in Consul with a few lines", async () => {
  await using stack = new AsyncDisposableStack();
  const consul = stack.use(await startConsul());
  const members = Array.from({ length: SERVERS }, () => stack.use(standIn()));
  const servers = JSON.stringify(members.map(({ member }) => member));
  const { heardOf } = stack.use(
    await startLogged({
      config: `mode: proxy\nconsul_server: {addr: "${consul.address}", check_interval: 60s}\n` +
        `pushgateway: {servers: ${servers}}\n`,
    }, SERVERS),
  );
  await heardOf("member registered in Consul", "member is joining", "member is active");
});
