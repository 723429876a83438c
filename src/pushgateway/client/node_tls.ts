/**
 * Connections over TLS as Deno's own cannot make them: with a client certificate and any server name, or
 * without a check of the member's certificate. They are Node's, which take more CPU.
 *
 * @module
 */

import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { abandonable } from "../../concurrency/abort.ts";
import { awaitHandshake, type ByteStream, type Handshakes } from "./handshake.ts";

/** How the two sides prove who they are. Certificates and keys are PEM texts. */
export interface NodeTlsOptions {
  /** Authorities in the place of the system's; none: the system's. */
  readonly caCerts: readonly string[];
  /** The name that the member's certificate has to bear. */
  readonly serverName: string;
  /** Our own, for members that ask for one. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** The member may have any certificate. */
  readonly skipVerify: boolean;
  readonly handshakes: Handshakes;
}

/**
 * Connects, and ends when the handshake is over.
 *
 * @throws {Deno.errors.ConnectionRefused} where nobody listens there
 * @throws where the handshake fails; the signal's reason where that aborts before
 */
export async function connectNodeTls(
  { hostname, port, caCerts, serverName, certificate, skipVerify, handshakes }:
    & NodeTlsOptions
    & { readonly hostname: string; readonly port: number },
  signal: AbortSignal,
): Promise<ByteStream> {
  const secure = connect({
    host: hostname,
    port,
    ...(caCerts.length > 0 && !skipVerify && { ca: [...caCerts] }), // which would be heeded
    ...certificate,
    // An address is checked as that, and RFC 6066 allows none here.
    ...(isIP(serverName) === 0 && { servername: serverName }),
    rejectUnauthorized: !skipVerify,
  });
  secure.setNoDelay(true);
  secure.setKeepAlive(true);
  const stream = streamOver(secure);
  try {
    await abandonable(stream.connected, signal);
  } catch (error) {
    stream.close();
    const isRefused = error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
    throw isRefused ? new Deno.errors.ConnectionRefused(error.message, { cause: error }) : error;
  }
  await awaitHandshake(stream, stream.secured, { handshakes, signal });
  return stream;
}

/** A connection that is about to be made. */
interface NodeStream extends ByteStream {
  /** Resolves when TCP is connected. */
  readonly connected: Promise<void>;
  /** Resolves when the handshake is over. */
  readonly secured: Promise<void>;
}

/** A socket as it is used here: bytes are read part by part. */
function streamOver(secure: TLSSocket): NodeStream {
  const connected = Promise.withResolvers<void>();
  const secured = Promise.withResolvers<void>();
  secured.promise.catch(() => {}); // nobody waits for it where TCP is not connected
  let failure: Error | undefined;
  let wake = () => {};
  const end = (error: Error) => {
    failure ??= error;
    connected.reject(failure);
    secured.reject(failure);
    wake();
  };
  secure.once("connect", connected.resolve);
  secure.once("secureConnect", secured.resolve);
  secure.on("readable", () => wake());
  secure.on("end", () => wake());
  secure.on("error", end);
  secure.on("close", () => end(new Deno.errors.UnexpectedEof("the connection has ended")));
  return {
    connected: connected.promise,
    secured: secured.promise,
    async read(into) {
      for (;;) {
        const length = Math.min(into.length, secure.readableLength);
        const part: Uint8Array | null = length > 0 ? secure.read(length) : null;
        if (part) {
          into.set(part);
          return part.length;
        }
        if (secure.readableEnded) return null;
        if (failure) throw failure;
        const news = Promise.withResolvers<void>();
        wake = news.resolve;
        secure.read(0); // asks for more
        await news.promise;
      }
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        secure.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
      }),
    close() {
      secure.destroy();
      end(new Deno.errors.BadResource("the connection is closed"));
    },
  };
}
