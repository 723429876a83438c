/** Sends one question to one DNS server: over UDP, and over TCP if the answer is too long for UDP. @module */

import { abandonable } from "../../concurrency/abort.ts";
import type { Nameserver } from "../../config/sources.ts";
import { type Answer, type Question, readAnswer, writeQuestion } from "./message.ts";

/** The longest datagram: the extension for longer ones is not used. */
const DATAGRAM_BYTES_MAX = 4_096;
const LENGTH_BYTES = 2;

/**
 * Asks a server.
 *
 * A datagram could be forged, so the question has a random port and a random ID, and other datagrams are
 * ignored.
 *
 * @throws if it cannot be reached or its answer cannot be read; the signal's reason if it aborts first
 */
export async function askServer(
  server: Nameserver,
  question: Question,
  signal: AbortSignal,
): Promise<Answer> {
  const [id] = crypto.getRandomValues(new Uint16Array(1));
  const query = writeQuestion(id, question);
  const read = (bytes: Uint8Array) => readAnswer(bytes, { id, question });
  const answer = await overUdp(server, { query, read }, signal);
  if (answer !== "truncated") return answer;
  const whole = read(await overTcp(server, query, signal));
  if (whole === undefined || whole === "truncated") {
    throw new Error("expected the whole answer over TCP, found another one");
  }
  return whole;
}

async function overUdp(
  server: Nameserver,
  { query, read }: {
    readonly query: Uint8Array;
    readonly read: (bytes: Uint8Array) => Answer | "truncated" | undefined;
  },
  signal: AbortSignal,
): Promise<Answer | "truncated"> {
  const isIpv6 = server.hostname.includes(":");
  const socket = Deno.listenDatagram({
    transport: "udp",
    hostname: isIpv6 ? "::" : "0.0.0.0",
    port: 0,
  });
  return await closing(socket, signal, async () => {
    await socket.send(query, { ...server, transport: "udp" });
    const buffer = new Uint8Array(DATAGRAM_BYTES_MAX);
    for (;;) {
      const [bytes, from] = await socket.receive(buffer);
      if (!isFrom(server, from)) continue;
      const answer = read(bytes);
      if (answer !== undefined) return answer;
    }
  });
}

function isFrom({ hostname, port }: Nameserver, from: Deno.Addr): boolean {
  // The sender's address comes without the zone of a link-local address.
  return "hostname" in from && from.port === port &&
    addressOf(from.hostname) === addressOf(hostname);
}

function addressOf(hostname: string): string {
  const [address] = hostname.split("%");
  return URL.parse(`http://[${address}]`)?.hostname ?? address;
}

async function overTcp(
  { hostname, port }: Nameserver,
  query: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const tcp = await Deno.connect({ hostname, port, signal });
  return await closing(tcp, signal, async () => {
    const message = new Uint8Array(LENGTH_BYTES + query.length);
    new DataView(message.buffer).setUint16(0, query.length);
    message.set(query, LENGTH_BYTES);
    for (let sent = 0; sent < message.length;) sent += await tcp.write(message.subarray(sent));
    const length = await readWhole(tcp, LENGTH_BYTES);
    return await readWhole(tcp, new DataView(length.buffer).getUint16(0));
  });
}

async function readWhole(tcp: Deno.TcpConn, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let got = 0; got < length;) {
    const more = await tcp.read(bytes.subarray(got));
    if (more === null) throw new Error(`expected ${length} bytes over TCP, found ${got}`);
    got += more;
  }
  return bytes;
}

/** Uses a connection that is closed afterwards, or as soon as the signal aborts, which ends a wait. */
async function closing<T>(
  thing: { close(): void },
  signal: AbortSignal,
  use: () => Promise<T>,
): Promise<T> {
  let isOpen = true;
  const close = () => {
    if (isOpen) thing.close();
    isOpen = false;
  };
  signal.addEventListener("abort", close, { once: true });
  try {
    return await abandonable(use(), signal);
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}
