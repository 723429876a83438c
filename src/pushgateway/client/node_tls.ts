/**
 * TLS connections that Deno's own TLS does not support: with a client certificate and any server name, or
 * without a check of the member's certificate. They use Node's TLS, which takes more CPU.
 *
 * @module
 */

import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { abandonable } from "../../concurrency/abort.ts";
import { awaitHandshake, type ByteStream, type Handshakes } from "./handshake.ts";

/** How both sides authenticate. Certificates and keys are PEM texts. */
export interface NodeTlsOptions {
  /** Certificate authorities instead of the system's. Empty: the system's. */
  readonly caCerts: readonly string[];
  /** The name that the member's certificate must have. */
  readonly serverName: string;
  /** Our own certificate, for members that require one. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Whether any certificate of the member is accepted. */
  readonly skipVerify: boolean;
  readonly handshakes: Handshakes;
}

/**
 * Opens a connection, including the handshake.
 *
 * @throws {Deno.errors.ConnectionRefused} if nothing listens there
 * @throws if the handshake fails; the signal's reason if it aborts first
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
    ...(caCerts.length > 0 && !skipVerify && { ca: [...caCerts] }), // Node would use it in any case
    ...certificate,
    // If absent, Node checks the certificate for the address. RFC 6066 does not allow an address here.
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

/** A connection that is being opened. */
interface NodeStream extends ByteStream {
  /** Resolves when TCP is connected. */
  readonly connected: Promise<void>;
  /** Resolves when the handshake is over. */
  readonly secured: Promise<void>;
}

/** Wraps a socket so that bytes are read part by part. */
function streamOver(secure: TLSSocket): NodeStream {
  const connected = Promise.withResolvers<void>();
  const secured = Promise.withResolvers<void>();
  secured.promise.catch(() => {}); // it is not awaited if TCP does not connect
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
        secure.read(0); // requests more
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
