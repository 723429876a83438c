/**
 * Members come and go by Consul, DNS, or files of targets, while clients push: every group is moved off
 * who goes, some move to who comes, and nothing is lost.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { startNsd } from "../../tools/nsd.ts";
import { freePortOn } from "../../tools/ports.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { temporaryDirectory } from "../../tools/server.ts";
import { waitFor } from "../../tools/wait.ts";
import { registerByHand } from "../consul/registering.ts";
import { type Service, startService } from "../integration/service.ts";
import { BATCH, liveBody } from "./groups.ts";
import { push } from "./load.ts";
import { assertNothingLost, pushAll } from "./nothing_lost.ts";

/** Where the members are named. */
interface Naming extends AsyncDisposable {
  /** The part of the configuration that says so. */
  readonly config: string;
  name(members: readonly Pushgateway[]): Promise<void>;
}

type Start = (members: readonly Pushgateway[]) => Promise<Naming>;

const HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"];

const inDns: Start = async (members) => {
  const records = (named: readonly Pushgateway[]) =>
    named.map(({ hostname }) => `pushgateway 1 IN A ${hostname}`);
  const nsd = await startNsd({ records: records(members) });
  return {
    config: `dns_sd: {names: [pushgateway.test], type: A, port: ${members[0].port}, ` +
      `nameservers: ["${nsd.address}"]}\n`,
    name: (named) => nsd.setRecords(records(named)),
    [Symbol.asyncDispose]: () => nsd[Symbol.asyncDispose](),
  };
};

/** Others register them: the file of the service names none. */
const inConsul: Start = async (members) => {
  await using stack = new AsyncDisposableStack();
  const consul = stack.use(await startConsul());
  let registered: readonly Pushgateway[] = [];
  const name = async (named: readonly Pushgateway[]) => {
    for (const { address: ID, hostname: Address, port: Port, url } of named) {
      const Check = { HTTP: `${url}/-/healthy`, Interval: "1s", Status: "passing" };
      await registerByHand(consul, { ID, Name: "pushgateway", Address, Port, Check });
    }
    // Consul does the same with one that was critical for DeregisterCriticalServiceAfter, a minute at least.
    for (const { address } of registered.filter((member) => !named.includes(member))) {
      const path = `/v1/agent/service/deregister/${address}`;
      const { ok, body } = await consul.api(path, { method: "PUT" });
      await body?.cancel();
      assert(ok);
    }
    registered = named;
  };
  await name(members);
  const opened = stack.move();
  return {
    config: `consul_server: {addr: "${consul.address}"}\n`,
    name,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

/** @param write replaces a file's text */
const inFile = (write: (file: string, text: string) => Promise<void>): Start => async (members) => {
  const directory = await temporaryDirectory("targets");
  const file = `${directory.path}/pushgateways.json`;
  const name = (named: readonly Pushgateway[]) =>
    write(file, JSON.stringify([{ targets: named.map(({ address }) => address) }]));
  await name(members);
  return {
    config: `file_sd: {files: ["${directory.path}/*.json"]}\n`,
    name,
    [Symbol.asyncDispose]: directory.remove,
  };
};

const NAMINGS: readonly [what: string, start: Start][] = [
  ["DNS", inDns],
  [
    "a file that is replaced",
    inFile(async (file, text) => {
      await Deno.writeTextFile(`${file}.new`, text);
      await Deno.rename(`${file}.new`, file);
    }),
  ],
  [
    "a file that is written over",
    inFile(async (file, text) => {
      await Deno.writeTextFile(file, text.slice(0, text.length / 2));
      await Deno.writeTextFile(file, text);
    }),
  ],
];

for (const [what, start] of NAMINGS) {
  Deno.test(`a member that ${what} names no more is emptied, one that is named takes groups, and nothing is lost`, async () => {
    await using stack = new AsyncDisposableStack();
    const port = freePortOn(HOSTS);
    const all: Pushgateway[] = [];
    for (const hostname of HOSTS) {
      all.push(stack.use(await startPushgateway({ hostname, port })));
    }
    const [leaving, , , coming] = all;
    const first = all.filter((member) => member !== coming);
    const naming = stack.use(await start(first));
    const service = stack.use(
      await startService({ config: `mode: auto\n${naming.config}` }),
    );
    await waitForRing(service, first);

    await using load = await pushAll([service.url]);
    assert((await leaving.groups()).length > 0);

    await naming.name(first.filter((member) => member !== leaving));
    await waitFor(async () => (await leaving.groups()).length === 0, { what: "it to be emptied" });
    await service.waitForLog("it is empty and may be stopped");
    await waitForRing(service, first.filter((member) => member !== leaving));
    await leaving.kill9();

    const now = all.filter((member) => member !== leaving);
    await naming.name(now);
    await waitForRing(service, now);
    await waitFor(async () => (await coming.groups()).length > 0, { what: "groups to move in" });
    await assertNothingLost(load, now);
  });
}

const RETURNS: readonly [source: string, start: Start, where: string, isElsewhere: boolean][] = [
  ["Consul", inConsul, "at its address", false],
  ["DNS", inDns, "at its address", false],
  ["DNS", inDns, "at another one", true],
];
for (const [source, begin, where, isElsewhere] of RETURNS) {
  Deno.test(`a member that is out of ${source} while it restarts, and is back ${where}, loses nothing`, async () => {
    await using stack = new AsyncDisposableStack();
    const hosts = [...HOSTS, "127.0.0.5"];
    const port = freePortOn(hosts);
    const directory = await temporaryDirectory("restarting");
    stack.defer(directory.remove);
    const start = async (hostname: string, data = hostname) =>
      stack.use(
        await startPushgateway({ hostname, port, persistenceFile: `${directory.path}/${data}` }),
      );
    const restarting = await start(hosts[0]);
    const others = [await start(hosts[1]), await start(hosts[2]), await start(hosts[3])];
    const naming = stack.use(await begin([restarting, ...others]));
    const config = `mode: auto\nhandoff: {sweep_interval: 1s}\n${naming.config}`;
    const service = stack.use(await startService({ config }));
    await waitForRing(service, [restarting, ...others]);
    await using load = await pushAll([service.url]);
    assert((await restarting.groups()).length > 0);

    // A pod that is replaced is out of DNS until the next one runs.
    await restarting.stop();
    await service.waitForActive(others.length);
    await naming.name(others);
    await waitForRing(service, others);
    await service.waitForLog("no longer listed");
    // By then nothing but that it is remembered says that it may hold something.
    const sweeps = () => service.metric("dynamic_sharding_handoff_sweep_duration_seconds_count");
    const before = await sweeps() ?? 0;
    await waitFor(async () => (await sweeps() ?? 0) >= before + 5 * others.length, {
      what: "the others to be read again and again",
    });
    for (const group of BATCH) {
      const more = { method: "POST", body: liveBody(group, 1) } as const;
      assert.equal(await push(`${service.url}${group.path}`, more), undefined);
    }
    const back = isElsewhere ? await start(hosts[4], hosts[0]) : restarting;
    if (!isElsewhere) await restarting.start();
    await naming.name([back, ...others]);
    await waitForRing(service, [back, ...others]);
    await assertNothingLost(load, [back, ...others]);
  });
}

async function waitForRing(service: Service, members: readonly Pushgateway[]): Promise<void> {
  await service.waitForMembers(members.map(({ address }) => address));
  await service.waitForActive(members.length);
}
