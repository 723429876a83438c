/** The four sources of members, each on what is real, so that they can be held to one contract. @module */

import assert from "node:assert/strict";
import { consulDiscovery } from "../../src/discovery/consul.ts";
import type { Discovery } from "../../src/discovery/discovery.ts";
import { dnsDiscovery } from "../../src/discovery/dns.ts";
import { lookUp } from "../../src/discovery/dns/look_up.ts";
import { resolverConfig } from "../../src/discovery/dns/resolv_conf.ts";
import { fileDiscovery } from "../../src/discovery/file.ts";
import { staticDiscovery } from "../../src/discovery/static.ts";
import { parseMember, splitMember } from "../../src/member.ts";
import { startConsul } from "../../tools/consul.ts";
import { startNsd } from "../../tools/nsd.ts";
import { temporaryDirectory } from "../../tools/server.ts";
import { heldServices, registerByHand } from "../consul/registering.ts";
import { openClient, tell } from "../consul/fixture.ts";

/** A source of members that tests change and break. */
export interface Source extends AsyncDisposable {
  readonly discovery: Discovery;
  /** Has it name just these members; absent where nothing can change while it is followed. */
  readonly name?: (members: readonly string[]) => Promise<void>;
  /** What can befall it, and how its failure is told then. */
  readonly faults: Readonly<Record<string, Fault>>;
}

/** Something that befalls a source, until members are named once more. */
export interface Fault {
  readonly begin: () => Promise<void>;
  /** Where naming members does not end it. */
  readonly end?: () => Promise<void>;
  readonly told: RegExp;
}

/** Each begins with these members. */
export const FIRST = ["10.0.0.1:9091", "10.0.0.2:9091"];
/** The names of what can befall the sources. */
export const FAULTS = {
  static: [],
  consul: ["it is down"],
  dns_sd: [
    "the name is gone",
    "the name has other records alone",
    "nobody is named",
    "the server cannot load its zone",
    "the server is silent",
    "the server refuses the zone",
    "the answer is truncated, and cannot be had over TCP",
  ],
  file_sd: [
    "the file is gone",
    "the file is empty",
    "half of it is written",
    "it is no list",
    "nobody is named",
    "a directory is in its place",
  ],
} as const;

/** Starts each source. */
export const SOURCES: Readonly<Record<keyof typeof FAULTS, () => Promise<Source>>> = {
  static: () =>
    Promise.resolve({
      discovery: staticDiscovery(FIRST.map((text) => parseMember(text))),
      faults: {},
      async [Symbol.asyncDispose]() {},
    }),
  consul: startConsulSource,
  dns_sd: startDnsSource,
  file_sd: startFileSource,
};

async function startConsulSource(): Promise<Source> {
  await using stack = new AsyncDisposableStack();
  const consul = stack.use(await startConsul());
  const client = stack.use(openClient(consul));
  const name = async (members: readonly string[]) => {
    for (const member of members) {
      const { host: Address, port: Port } = splitMember(parseMember(member));
      await registerByHand(consul, { ID: Address, Name: "pushgateway", Address, Port });
    }
    for (const [id, { Address, Port }] of Object.entries(await heldServices(consul))) {
      if (members.includes(`${Address}:${Port}`)) continue;
      await tell(consul, "PUT", `/v1/agent/service/deregister/${id}`);
    }
  };
  await name(FIRST);
  const opened = stack.move();
  return {
    discovery: consulDiscovery({
      consul: client,
      service: "pushgateway",
      random: Math.random,
      onBadEntries: (bad) => assert.deepEqual(bad, []),
      onDataLost() {},
    }),
    name,
    faults: {
      "it is down": { begin: consul.stop, end: consul.start, told: /ECONNREFUSED/ },
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function startDnsSource(): Promise<Source> {
  await using stack = new AsyncDisposableStack();
  const nsd = stack.use(await startNsd());
  const toRecord = (member: string) => `pg 0 IN A ${splitMember(parseMember(member)).host}`;
  const name = (members: readonly string[]) => nsd.setRecords(members.map(toRecord));
  await name(FIRST);
  const silent = stack.adopt(listen(() => undefined), (socket) => socket.close());
  const truncating = stack.adopt(listen(asTruncated), (socket) => socket.close());
  let asked: Deno.NetAddr | typeof nsd = nsd;
  let question = "pg.test";
  const through = (other: typeof asked) => () => Promise.resolve(void (asked = other));
  const opened = stack.move();
  return {
    discovery: dnsDiscovery({
      config: { names: ["pg"], type: "A", port: 9091, refreshMs: 1_000 },
      lookUp(_, signal) {
        const resolver = { ...resolverConfig([asked]), timeoutMs: 200, attempts: 1 };
        return lookUp({ name: question, type: "A" }, resolver, signal);
      },
      random: Math.random,
      onRecords: (name, wrong) => assert.equal(wrong, undefined, name),
    }),
    async name(members) {
      [asked, question] = [nsd, "pg.test"];
      await name(members);
    },
    faults: {
      "the name is gone": {
        begin: () => nsd.setRecords([]),
        told: /look-up of A pg\.test: NXDOMAIN for pg\.test at 127\.0\.0\.1:\d+$/,
      },
      "the name has other records alone": {
        begin: () => nsd.setRecords(["pg 0 IN AAAA ::1"]),
        told: /no such record for pg\.test at/,
      },
      "nobody is named": {
        begin: () => nsd.setRecords(["pg 0 IN TXT nobody"]),
        told: /no such record for pg\.test at/,
      },
      "the server cannot load its zone": {
        begin: nsd.loseZone,
        told: /127\.0\.0\.1:\d+: SERVFAIL/,
      },
      "the server is silent": {
        begin: through(silent.addr as Deno.NetAddr),
        told: /127\.0\.0\.1:\d+: no answer within 200 ms/,
      },
      "the server refuses the zone": {
        begin: () => Promise.resolve(void (question = "pg.elsewhere")),
        told: /127\.0\.0\.1:\d+: REFUSED/,
      },
      "the answer is truncated, and cannot be had over TCP": {
        begin: through(truncating.addr as Deno.NetAddr),
        told: /127\.0\.0\.1:\d+: .*refused/i,
      },
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Listens for datagrams, and answers each. */
function listen(answer: (query: Uint8Array) => Uint8Array | undefined): Deno.DatagramConn {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const [query, from] of socket) {
      const bytes = answer(query);
      if (bytes) await socket.send(bytes, from);
    }
  })();
  return socket;
}

/** The answer to a question that says that it is not whole. */
function asTruncated(query: Uint8Array): Uint8Array {
  const answer = query.slice();
  answer[2] |= 0x82;
  return answer;
}

async function startFileSource(): Promise<Source> {
  const directory = await temporaryDirectory("file-sd");
  const file = `${directory.path}/targets.yml`;
  const write = (text: string) => Deno.writeTextFile(file, text);
  const name = async (members: readonly string[]) => {
    const text = JSON.stringify([{ targets: members, labels: { region: "north" } }]);
    await Deno.writeTextFile(`${file}.new`, text);
    await Deno.rename(`${file}.new`, file);
  };
  await name(FIRST);
  return {
    discovery: fileDiscovery({
      // What is seen is seen by watching.
      config: { files: [file], refreshMs: 3_600_000 },
      random: Math.random,
      onWatched: (directory, failure) => assert.equal(failure, undefined, directory),
    }),
    name,
    faults: {
      "the file is gone": {
        begin: () => Deno.remove(file),
        told: /targets\.yml: expected a file, found none$/,
      },
      "the file is empty": {
        begin: () => write(""),
        told: /targets\.yml:1:1: expected a list of target groups, found nothing$/,
      },
      "half of it is written": {
        begin: () => write('[{"targets": ["10.0.0.1:9091",\n'),
        told: /targets\.yml:\d+:\d+: expected YAML, found: /,
      },
      "it is no list": {
        begin: () => write("targets: [10.0.0.1:9091]\n"),
        told: /targets\.yml:1:1: expected a list of target groups, found a map$/,
      },
      "nobody is named": {
        begin: () => write("- targets: []\n"),
        told: /expected members, found none$/,
      },
      "a directory is in its place": {
        async begin() {
          await Deno.remove(file);
          await Deno.mkdir(file);
        },
        end: () => Deno.remove(file),
        told: /targets\.yml: expected a file, found a directory$/,
      },
    },
    [Symbol.asyncDispose]: directory.remove,
  };
}
