/**
 * The shape of the web configuration file, which is exporter-toolkit's, without YAML, files or line numbers,
 * as in `schema.ts`.
 *
 * @module
 */

import * as z from "zod";
import { field } from "./conflicts.ts";
import {
  filledList,
  type Issue,
  kind,
  list,
  scalar,
  secret,
  section,
  text,
  toIssues,
} from "./fields.ts";
import {
  CURVES,
  NEEDS_COMPLETE,
  TLS12_SUITES,
  TLS13_SUITES,
  type TLS_VERSIONS,
} from "./tls_runtime.ts";
import { parseBoolean, parseWord, show } from "./values.ts";

/** Whether clients have to present certificates, with the names of Go's crypto/tls. */
export type ClientAuth = typeof CLIENT_AUTHS[number];

const CLIENT_AUTHS = [
  "NoClientCert",
  "RequestClientCert",
  "RequireAnyClientCert",
  "VerifyClientCertIfGiven",
  "RequireAndVerifyClientCert",
] as const;
/** Headers that may be set, and their possible values if there are only a few. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  "Strict-Transport-Security": [],
  "X-Content-Type-Options": ["nosniff"],
  "X-Frame-Options": ["deny", "sameorigin"],
  "X-XSS-Protection": [],
  "Content-Security-Policy": [],
};
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
/** The lowest cost of bcrypt, and the highest one here. Each step doubles the time: 16 takes 4 s. */
const [COST_MIN, COST_MAX] = [4, 16];
const FLAG = scalar("true or false", parseBoolean);

const tls = section({
  cert_file: text("a file name"),
  key_file: text("a file name"),
  client_auth_type: scalar("a client_auth_type", parseClientAuth),
  client_ca_file: text("a file name"),
  min_version: scalar("TLS12 or TLS13", parseTlsVersion),
  max_version: scalar("TLS12 or TLS13", parseTlsVersion),
  cipher_suites: list("a cipher suite", String).nullish(),
  curve_preferences: list("a curve", String).nullish(),
  prefer_server_cipher_suites: scalar("true or false", parsePreference),
  cert: text("a PEM certificate"),
  key: secret("a PEM private key"),
  client_ca: text("a PEM certificate"),
  client_allowed_sans: filledList("one name", String).optional(),
});

const headers = section(
  Object.fromEntries(
    Object.entries(HEADERS).map(([name, values]) => [
      name,
      scalar("a value", values.length > 0 ? parseWord(...values) : parseHeaderValue),
    ]),
  ),
);

const http = section({ http2: FLAG, headers: headers.optional() });

const file = section({
  tls_server_config: tls.optional(),
  http_server_config: http.optional(),
  basic_auth_users: z.record(
    z.string(),
    z.string({ error: () => "expected a bcrypt hash, found none" }).transform(checkHash),
    { error: (issue) => `expected a map of users, found ${kind(issue.input)}` },
  ).optional(),
  rate_limit: unsupported(),
});

/** The valid file. */
export type WebFile = z.infer<typeof file>;

const KEYS: Readonly<Record<string, readonly string[]>> = {
  "": ["tls_server_config", "http_server_config", "basic_auth_users"],
  "tls_server_config": Object.keys(tls.shape),
  "http_server_config": Object.keys(http.shape),
  "http_server_config.headers": Object.keys(headers.shape),
};

/**
 * Checks the whole file and returns everything that is wrong with it.
 *
 * @param hasCompleteTls whether the runtime supports all settings of TLS
 */
export function parseWebFile(
  raw: unknown,
  hasCompleteTls: boolean,
): { file: WebFile; issues: [] } | { file?: undefined; issues: Issue[] } {
  const parsed = file.safeParse(raw);
  const section = field(raw, "tls_server_config");
  const issues = [
    ...(parsed.error ? toIssues(parsed.error, (path) => KEYS[path.join(".")] ?? []) : []),
    ...userIssues(field(raw, "basic_auth_users") ?? {}),
    ...(section ? tlsConflicts(section, hasCompleteTls) : []),
  ];
  return parsed.success && issues.length === 0 ? { file: parsed.data, issues: [] } : { issues };
}

type TlsSection = Readonly<Record<string, unknown>>;

/** Returns conflicts with other keys, or with this runtime. */
function tlsConflicts(raw: TlsSection, hasCompleteTls: boolean): Issue[] {
  const issues: Issue[] = [];
  const tell = (key: string | undefined, message: string) =>
    issues.push({ path: ["tls_server_config", ...(key ? [key] : [])], message });
  /** Returns which key is set: the one for a text, or the one for a file. */
  const given = (key: string): string | undefined => {
    const [text, file] = [key, `${key}_file`].map((key) => raw[key] ? key : undefined);
    if (text && file) tell(file, `expected ${text} or ${file}, found both`);
    return text ?? file;
  };
  const [cert, key, ca] = ["cert", "key", "client_ca"].map(given);
  const { client_auth_type: auth } = raw;
  if (!cert && !key) tell(undefined, "expected cert_file and key_file, found neither");
  else if (!cert) tell(key, `expected cert_file beside ${key}, found none`);
  else if (!key) tell(cert, `expected key_file beside ${cert}, found none`);
  const asksClients = Boolean(auth) && auth !== "NoClientCert";
  if (ca && !asksClients) {
    const found = auth ? show(auth) : "none";
    tell(
      ca,
      `expected a client_auth_type that asks for certificates, found ${found}`,
    );
  }
  if (typeof auth === "string" && auth.includes("Verify") && !ca) {
    tell("client_auth_type", "expected client_ca_file beside it, found none");
  }
  if (raw.client_allowed_sans && !(typeof auth === "string" && auth.startsWith("Require"))) {
    tell(
      "client_allowed_sans",
      `expected a client_auth_type that requires a certificate, found ${
        auth ? show(auth) : "none"
      }`,
    );
  }
  const { min_version: min, max_version: max } = raw;
  if (min === "TLS13" && max === "TLS12") {
    tell("max_version", 'expected at least min_version, TLS13, found "TLS12"');
  }
  if (!hasCompleteTls) {
    if (asksClients) {
      tell("client_auth_type", `expected NoClientCert, found ${show(auth)}, ${NEEDS_COMPLETE}`);
    }
    if (min === "TLS13") tell("min_version", `expected TLS12, found "TLS13", ${NEEDS_COMPLETE}`);
    if (max === "TLS12") tell("max_version", `expected TLS13, found "TLS12", ${NEEDS_COMPLETE}`);
  }
  // If only TLS 1.3 is enabled, cipher_suites has no effect, as in Go.
  if (min !== "TLS13") {
    issues.push(...setIssues(raw, "cipher_suites", { all: TLS12_SUITES, more: TLS13_SUITES }));
  }
  issues.push(...setIssues(raw, "curve_preferences", { all: CURVES, more: [] }));
  return issues;
}

/** Checks a list that is supported only with all names of a set, and without other names. */
function setIssues(
  raw: TlsSection,
  key: string,
  { all, more }: { readonly all: readonly string[]; readonly more: readonly string[] },
): Issue[] {
  const list = raw[key];
  if (!Array.isArray(list) || list.length === 0) return [];
  const path = ["tls_server_config", key];
  const known = `it supports ${all.join(", ")}`;
  const issues = list.flatMap((name, index): Issue[] => {
    if (typeof name !== "string" || name === "" || all.includes(name) || more.includes(name)) {
      return [];
    }
    return [{
      path: [...path, index],
      message: `expected one that the runtime supports, found ${show(name)}; ${known}`,
    }];
  });
  const missing = all.filter((name) => !list.includes(name));
  if (missing.length === 0 || issues.length > 0) return issues;
  const message =
    `expected all that the runtime supports, because it cannot disable one; found no ${
      missing.join(", no ")
    }`;
  return [{ path, message }];
}

function userIssues(users: Readonly<Record<string, unknown>>): Issue[] {
  return Object.keys(users).filter((name) => name === "" || name.includes(":")).map((name) => ({
    path: ["basic_auth_users"],
    key: name,
    message: `expected a user name without a colon, found ${show(name)}`,
  }));
}

/** A key of exporter-toolkit that is not supported. */
function unsupported() {
  const message = "this key of exporter-toolkit is not supported";
  return z.undefined({ error: () => message }).optional();
}

function parseClientAuth(text: string): ClientAuth {
  // The former name.
  if (text === "RequireClientCert") return "RequireAnyClientCert";
  return parseWord(...CLIENT_AUTHS)(text);
}

function parseTlsVersion(text: string): keyof typeof TLS_VERSIONS {
  if (text !== "TLS10" && text !== "TLS11") return parseWord("TLS12", "TLS13")(text);
  throw new TypeError(
    `expected TLS12 or TLS13, the versions that the runtime supports, found ${show(text)}`,
  );
}

function parsePreference(text: string): boolean {
  if (!parseBoolean(text)) return false;
  throw new TypeError(
    `expected false, because the runtime uses the suite that the client prefers, found "true"`,
  );
}

function parseHeaderValue(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  throw new TypeError("expected printable ASCII in one line, found something else");
}

/** Checks a hash. No part of it appears in errors. */
function checkHash(hash: string, context: z.core.$RefinementCtx): string {
  const cost = Number(BCRYPT.exec(hash)?.[1]);
  if (cost >= COST_MIN && cost <= COST_MAX) return hash;
  const message = Number.isNaN(cost)
    ? "expected a bcrypt hash, as htpasswd -nBC 10 prints it behind the colon, found something else"
    : `expected a bcrypt hash of a cost from ${COST_MIN} to ${COST_MAX}, found the cost ${cost}`;
  context.issues.push({ code: "custom", message, input: undefined });
  return z.NEVER;
}
