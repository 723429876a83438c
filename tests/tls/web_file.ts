/** A web configuration: TLS by an authority of the test, and users. @module */

import { type Authority, createAuthority } from "../../tools/certificates.ts";

/** bcrypt hashes of the least cost, by passwords. */
export const HASHES = {
  wonder: "$2b$04$hj4GtIsnWuNLiFAzBP/RLeHqprcQ7osxTFf2HfMsXvXjkYQ.W5AuS",
  land: "$2b$04$zNlXiyB8NNXcTha4I9HT7.YY0jl7fFCuJNmh1TXhumM7JktGbx5mC",
} as const;

/** What a user sends. */
export const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;
/** The user that there is. */
export const ALICE = basic("alice", "wonder");

/** Parts of a web configuration. */
export interface WebParts {
  /** The name of the certificate; `server` by default. */
  readonly certificate?: string;
  /** Hashes by users; alice's alone by default, and no such section where it is undefined. */
  readonly users?: Readonly<Record<string, string>>;
  /** Further lines. */
  readonly more?: string;
}

/** A file, and how to ask a service that has it. Disposal removes all of its files. */
export interface WebFile extends AsyncDisposable {
  readonly file: string;
  readonly authority: Authority;
  readonly caCert: string;
  readonly authorization: string;
  /** Writes it anew. */
  write(parts?: WebParts): Promise<void>;
}

/** Creates a web configuration, and the certificate `server`. */
export async function createWebFile(parts: WebParts = {}): Promise<WebFile> {
  const authority = await createAuthority();
  await authority.issue("server");
  const file = `${authority.directory}/web.yml`;
  const write = (parts: WebParts = {}) => Deno.writeTextFile(file, textOf(parts));
  await write(parts);
  return {
    file,
    authority,
    caCert: await Deno.readTextFile(authority.ca),
    authorization: ALICE,
    write,
    [Symbol.asyncDispose]: () => authority[Symbol.asyncDispose](),
  };
}

function textOf(parts: WebParts): string {
  const { certificate = "server", users, more = "" } = {
    users: { alice: HASHES.wonder },
    ...parts,
  };
  return `tls_server_config: {cert_file: ${certificate}.pem, key_file: ${certificate}.key}\n` +
    (users ? `basic_auth_users: ${JSON.stringify(users)}\n` : "") + more;
}
