/** A real DNS server, NSD, on a port of its own: it has the zone `test.`, and cannot load `broken.`. @module */

import { type Component, ensureComponents } from "./components.ts";
import { freePort } from "./ports.ts";
import { startProcess } from "./process.ts";
import { type Server, startServer, temporaryDirectory } from "./server.ts";
import { waitFor } from "./wait.ts";

/** How to start it. */
export interface NsdOptions {
  /** The program; found or fetched by default. */
  readonly component?: Component;
  /** What the zone has at the beginning, as for `setRecords`. */
  readonly records?: readonly string[];
}

/** A DNS server that keeps its port when it is stopped and started again. */
export interface Nsd extends Server {
  readonly hostname: string;
  readonly port: number;
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /**
   * Gives the zone `test.` these records, as a zone file writes them (`pg 5 IN A 127.0.0.1`), and waits
   * until they are served. For all other names below it the answer is NXDOMAIN, and SERVFAIL for those
   * below `broken.`.
   */
  setRecords(records: readonly string[]): Promise<void>;
  /** Starts it again without its zone: it answers SERVFAIL for all names, until records are set. */
  loseZone(): Promise<void>;
}

const HOSTNAME = "127.0.0.1";
const ANSWERS = 10;

/**
 * Starts a server and waits until it answers.
 *
 * @throws {Error} with its output when it does not come up
 */
export async function startNsd(options: NsdOptions = {}): Promise<Nsd> {
  const component = options.component ?? (await ensureComponents(["nsd"])).nsd;
  const port = freePort(HOSTNAME);
  const directory = await temporaryDirectory("nsd");
  const file = (name: string) => `${directory.path}/${name}`;
  let serial = 0;
  const writeZone = (records: readonly string[]) => {
    const head = [
      "$ORIGIN test.",
      `@ 0 IN SOA ns.test. admin.test. ${++serial} 60 60 60 0`,
      "@ 0 IN NS ns.test.",
      `ns 0 IN A ${HOSTNAME}`,
    ];
    return Deno.writeTextFile(file("test.zone"), [...head, ...records, ""].join("\n"));
  };
  const nameServer = { ipAddr: HOSTNAME, port };
  const isServed = async (signal: AbortSignal) => {
    // For a moment the process that has the former zone answers, too.
    for (let i = 0; i < ANSWERS; i++) {
      const [soa] = await Deno.resolveDns("test.", "SOA", { nameServer, signal });
      if (soa.serial !== serial) return false;
    }
    return true;
  };
  let isLost = false;
  const isAnswering = (signal: AbortSignal) =>
    Deno.resolveDns("test.", "SOA", { nameServer, signal }).then(
      () => false,
      (error) => error instanceof Deno.errors.NotFound, // so Deno calls SERVFAIL, too
    );

  await Deno.writeTextFile(file("nsd.conf"), configuration(port, file));
  await writeZone(options.records ?? []);

  const server = await startServer(() =>
    startProcess(component.command, {
      args: ["-d", "-c", file("nsd.conf")],
      env: component.env,
      // What is asked before it listens waits for a second.
      ready: ({ signal, output }) =>
        output.includes("nsd started") && (isLost ? isAnswering(signal) : isServed(signal)),
    }), directory.remove);
  return {
    ...server,
    hostname: HOSTNAME,
    port,
    address: `${HOSTNAME}:${port}`,
    async setRecords(records) {
      await writeZone(records);
      isLost = false;
      server.kill("SIGHUP");
      await waitFor(isServed, { what: `the zone to be served:\n${server.output()}` });
    },
    async loseZone() {
      await server.stop();
      await Deno.remove(file("test.zone"));
      isLost = true;
      await server.start();
    },
  };
}

function configuration(port: number, file: (name: string) => string): string {
  return `
server:
  ip-address: ${HOSTNAME}@${port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: ""
  database: ""
  pidfile: "${file("pid")}"
  xfrdfile: "${file("xfrd.state")}"
  xfrdir: "${file("")}"
  zonelistfile: "${file("zones")}"
  verbosity: 1
remote-control:
  control-enable: no
zone:
  name: "test"
  zonefile: "${file("test.zone")}"
zone:
  name: "broken"
  zonefile: "${file("no-such-file")}"
`;
}
