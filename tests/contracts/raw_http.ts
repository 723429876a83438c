/** HTTP/1.1 by hand, so that a request's target goes out exactly as it is written. @module */

/** An answer, its body read to the end. */
export interface RawAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** What to send, and where to. */
export interface RawRequest {
  readonly hostname: string;
  readonly port: number;
  readonly method: string;
  /** Of the request line: a path as it is, or an absolute form. Written as UTF-8. */
  readonly target: string;
  readonly body?: string;
}

const REDIRECTS = [301, 307, 308];
const REDIRECTS_MAX = 5;
const ANSWER_MS_MAX = 10_000;

/**
 * Sends one request on a connection of its own and reads the answer.
 *
 * @throws {Error} when the answer is not whole within 10 s, or is no HTTP
 */
export async function sendRaw(request: RawRequest): Promise<RawAnswer> {
  const { hostname, port, method, target, body = "" } = request;
  const length = new TextEncoder().encode(body).length;
  const message = new TextEncoder().encode(
    `${method} ${target} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
      `Content-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
  );
  const connection = await Deno.connect({ hostname, port });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection.close();
  }, ANSWER_MS_MAX);
  const answer: Uint8Array[] = [];
  try {
    for (let sent = 0; sent < message.length;) {
      sent += await connection.write(message.subarray(sent));
    }
    while (true) {
      const chunk = new Uint8Array(16_384);
      const length = await connection.read(chunk);
      if (length === null) break;
      answer.push(chunk.subarray(0, length));
    }
  } catch (error) {
    // A server that refuses a request without reading all of it resets the connection, at its end.
    if (!(error instanceof Deno.errors.ConnectionReset) || answer.length === 0) throw error;
  } finally {
    clearTimeout(timer);
    if (!late) connection.close();
  }
  return parseAnswer(new Uint8Array(await new Blob(answer as BlobPart[]).arrayBuffer()));
}

/**
 * As `sendRaw`, and again with the same method and body to wherever a redirect leads, by hand: what
 * a client makes of it that neither drops the body nor cleans the path.
 */
export async function sendRawFollowing(
  request: RawRequest,
): Promise<RawAnswer & { readonly targets: readonly string[] }> {
  const targets = [request.target];
  while (true) {
    const answer = await sendRaw({ ...request, target: targets[targets.length - 1] });
    const location = answer.headers.get("location");
    if (!REDIRECTS.includes(answer.status) || location === undefined) return { ...answer, targets };
    if (targets.length > REDIRECTS_MAX) {
      throw new Error(`${request.target} leads in circles: ${targets.join(" → ")}`);
    }
    targets.push(location);
  }
}

function parseAnswer(bytes: Uint8Array): RawAnswer {
  // Byte by byte into characters, to count lengths in bytes; the body is decoded at the end.
  const text = new TextDecoder("latin1").decode(bytes);
  const end = text.indexOf("\r\n\r\n");
  const [statusLine, ...lines] = text.slice(0, Math.max(end, 0)).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1]);
  if (end < 0 || Number.isNaN(status)) {
    throw new Error(`expected an HTTP answer, found ${JSON.stringify(text.slice(0, 200))}`);
  }
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const raw = bytes.subarray(end + 4);
  const length = headers.get("content-length");
  if (length !== undefined && raw.length !== Number(length)) {
    throw new Error(`expected a body of ${length} bytes, found ${raw.length}`);
  }
  const chunked = headers.get("transfer-encoding") === "chunked";
  return { status, headers, body: new TextDecoder().decode(chunked ? dechunk(raw) : raw) };
}

function dechunk(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  while (true) {
    const lineEnd = bytes.indexOf(0x0d, at);
    const length = parseInt(new TextDecoder().decode(bytes.subarray(at, lineEnd)), 16);
    if (lineEnd < 0 || Number.isNaN(length)) throw new Error("expected a chunk's length");
    if (length === 0) break;
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
