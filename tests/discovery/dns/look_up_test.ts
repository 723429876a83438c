/** Names are looked up at a real DNS server as the C library looks them up. @module */

import assert from "node:assert/strict";
import type { RecordType } from "../../../src/config/sources.ts";
import { lookUp } from "../../../src/discovery/dns/look_up.ts";
import type { ResolverConfig } from "../../../src/discovery/dns/resolv_conf.ts";
import { startNsd } from "../../../tools/nsd.ts";

const MANY = Array.from({ length: 100 }, (_, i) => `10.1.0.${i}`);
const RECORDS = [
  "pg 30 IN A 10.0.0.1",
  "pg 30 IN A 10.0.0.2",
  "alias 5 IN CNAME pg",
  "six 7 IN AAAA 2001:DB8:0:0::1",
  "_http._tcp.pg 9 IN SRV 0 5 9091 pg-0.test.",
  "_http._tcp.pg 9 IN SRV 1 0 9092 pg-1.test.",
  "text 5 IN TXT hello",
  "a.north 5 IN A 10.2.0.1",
  "text.north 5 IN A 10.2.0.2",
  "a.south 5 IN A 10.3.0.1",
  ...MANY.map((address) => `many 5 IN A ${address}`),
];

/** Looks up at a server that has these records. */
async function withServer(
  use: (
    look: (name: string, type?: RecordType, own?: Partial<ResolverConfig>) => Promise<
      { records: string[]; ttlSeconds: number }
    >,
    server: { readonly hostname: string; readonly port: number },
  ) => Promise<void>,
): Promise<void> {
  await using nsd = await startNsd({ records: RECORDS });
  const server = { hostname: nsd.hostname, port: nsd.port };
  const resolver = { nameservers: [server], search: [], ndots: 1, timeoutMs: 5_000, attempts: 1 };
  await use(async (name, type = "A", own = {}) => {
    const { signal } = new AbortController();
    const answer = await lookUp({ name, type }, { ...resolver, ...own }, signal);
    const records = answer.records.map((record) =>
      record.type === "SRV" ? `${record.target}:${record.port}` : record.address
    );
    return { records: records.sort(), ttlSeconds: answer.ttlSeconds };
  }, server);
}

Deno.test("records of each type are found, with the time for which they may be kept", async () => {
  await withServer(async (look) => {
    assert.deepEqual(await look("pg.test"), {
      records: ["10.0.0.1", "10.0.0.2"],
      ttlSeconds: 30,
    });
    assert.deepEqual(await look("six.test.", "AAAA"), { records: ["2001:db8::1"], ttlSeconds: 7 });
    assert.deepEqual(await look("_http._tcp.pg.test", "SRV"), {
      records: ["pg-0.test:9091", "pg-1.test:9092"],
      ttlSeconds: 9,
    });
    assert.deepEqual((await look("PG.Test")).records, ["10.0.0.1", "10.0.0.2"]);
  });
});

Deno.test("an alias is followed, and its own time counts", async () => {
  await withServer(async (look) => {
    assert.deepEqual(await look("alias.test"), {
      records: ["10.0.0.1", "10.0.0.2"],
      ttlSeconds: 5,
    });
  });
});

Deno.test("an answer that is too long for a datagram is had whole", async () => {
  await withServer(async (look) => {
    assert.deepEqual((await look("many.test")).records, [...MANY].sort());
  });
});

Deno.test("the first domain of the search list that has the name is taken", async () => {
  await withServer(async (look) => {
    const search = ["west.test", "north.test", "south.test"];
    assert.deepEqual((await look("a", "A", { search })).records, ["10.2.0.1"]);
    assert.deepEqual((await look("a", "A", { search: search.toReversed() })).records, ["10.3.0.1"]);
    // A domain that has other records of the name alone is passed over, too.
    const mixed = ["test", "north.test"];
    assert.deepEqual((await look("text", "A", { search: mixed })).records, ["10.2.0.2"]);
    await assert.rejects(look("text.test", "A", { search: ["test"] }), {
      message:
        /^look-up of A text\.test: no such record for text\.test at 127\.0\.0\.1:\d+, NXDOMAIN for text\.test\.test at /,
    });
  });
});

Deno.test("where it is not known whether a domain has the name, no other one is taken", async () => {
  await withServer(async (look) => {
    const search = ["broken", "north.test"];
    await assert.rejects(look("a", "A", { search }), {
      message: /^look-up of A a\.broken: 127\.0\.0\.1:\d+: SERVFAIL$/,
    });
  });
});

Deno.test("a server that is silent, or cannot tell, is passed over for the next one", async () => {
  await withServer(async (look, server) => {
    using sockets = new DisposableStack();
    const silent = sockets.adopt(
      Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }),
      (socket) => socket.close(),
    );
    const { hostname, port } = silent.addr as Deno.NetAddr;
    const nameservers = [{ hostname, port }, server];
    const found = await look("pg.test", "A", { nameservers, timeoutMs: 100 });
    assert.deepEqual(found.records, ["10.0.0.1", "10.0.0.2"]);
    await assert.rejects(look("x.broken", "A", { nameservers, timeoutMs: 100, attempts: 2 }), {
      message: `look-up of A x.broken: ${hostname}:${port}: no answer within 100 ms, ` +
        `${server.hostname}:${server.port}: SERVFAIL`,
    });
  });
});

Deno.test("a lost datagram is sent again", async () => {
  await withServer(async (look, server) => {
    let queries = 0;
    using relay = relayTo(server, { loses: () => queries++ === 0 });
    const found = await look("pg.test", "A", {
      nameservers: [relay],
      timeoutMs: 200,
      attempts: 2,
    });
    assert.deepEqual(found.records, ["10.0.0.1", "10.0.0.2"]);
    assert.equal(queries, 2);
  });
});

Deno.test("what is no answer to the question is not taken for one", async () => {
  await withServer(async (look, server) => {
    const forged = (answer: Uint8Array) => {
      const [otherId, otherName, noAnswer] = [answer.slice(), answer.slice(), answer.slice()];
      otherId[0] ^= 1;
      otherName[13] ^= 1;
      noAnswer[2] &= 0x7f;
      return [new Uint8Array(3), otherId, otherName, noAnswer];
    };
    using relay = relayTo(server, { before: forged });
    const found = await look("pg.test", "A", { nameservers: [relay] });
    assert.deepEqual(found.records, ["10.0.0.1", "10.0.0.2"]);
  });
});

Deno.test("an answer that cannot be read is a failure", async () => {
  await withServer(async (look, server) => {
    using relay = relayTo(server, { before: (answer) => [answer.slice(0, 50)] });
    await assert.rejects(look("pg.test", "A", { nameservers: [relay] }), {
      message: /^look-up of A pg\.test: 127\.0\.0\.1:\d+: expected a whole DNS message/,
    });
  });
});

Deno.test("an abort ends a look-up with its reason", async () => {
  using sockets = new DisposableStack();
  const silent = sockets.adopt(
    Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }),
    (socket) => socket.close(),
  );
  const { hostname, port } = silent.addr as Deno.NetAddr;
  const resolver = { search: [], ndots: 1, timeoutMs: 60_000, attempts: 2 };
  const stop = new AbortController();
  const looking = lookUp(
    { name: "pg.test", type: "A" },
    { ...resolver, nameservers: [{ hostname, port }] },
    stop.signal,
  );
  await silent.receive();
  stop.abort(new Error("enough"));
  await assert.rejects(looking, { message: "enough" });
});

/** A way to a server that loses datagrams, or has others come before an answer. */
function relayTo(
  server: { readonly hostname: string; readonly port: number },
  { loses = () => false, before = () => [] }: {
    loses?: () => boolean;
    before?: (answer: Uint8Array) => Uint8Array[];
  },
) {
  const listen = () => Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const [inside, outside] = [listen(), listen()];
  let client: Deno.Addr | undefined;
  void (async () => {
    for await (const [query, from] of outside) {
      client = from;
      if (!loses()) await inside.send(query, { transport: "udp", ...server });
    }
  })();
  void (async () => {
    for await (const [answer] of inside) {
      if (!client) continue;
      for (const bytes of [...before(answer), answer]) await outside.send(bytes, client);
    }
  })();
  const { hostname, port } = outside.addr as Deno.NetAddr;
  return {
    hostname,
    port,
    [Symbol.dispose]() {
      inside.close();
      outside.close();
    },
  };
}
