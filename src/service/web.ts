/** The web configuration in force, and the certificates that new connections are secured with. @module */

import { untilAborted } from "../concurrency/abort.ts";
import { sleep } from "../concurrency/backoff.ts";
import type { Task } from "../concurrency/run_group.ts";
import {
  type Certificates,
  type LoadedWeb,
  readCertificates,
  type WebConfig,
  type WebTls,
} from "../config/web_config.ts";
import { createTls } from "../http/server/tls/create_tls.ts";
import type { Tls } from "../http/server/tls/tls.ts";
import { createTold, errorText, type Logger } from "../log.ts";

/** A web configuration in force. Disposal secures no further connections. */
export interface Web extends Disposable {
  readonly config: WebConfig;
  /** What the next connection is secured with; nothing where plain HTTP is spoken. */
  readonly tls: Tls | undefined;
  /** Takes over certificates whose files change, until the signal aborts. */
  readonly follow: Task;
}

/** Between two looks at the files. */
const LOOK_MS = 10_000;
/** There is only one trouble that the log is told of here. */
const SUBJECT = "certificates";

/**
 * Opens what a web configuration needs.
 *
 * @throws where no listener can be had, which an old Deno needs for TLS
 */
export function openWeb({ config, certificates }: LoadedWeb, log: Logger): Web {
  if (config.tls && certificates) {
    return openSecureWeb({ ...config, tls: config.tls }, { certificates, log });
  }
  return { config, tls: undefined, follow: untilAborted, [Symbol.dispose]: () => {} };
}

/** @param options.certificates those that the files hold */
function openSecureWeb(
  config: WebConfig & { readonly tls: WebTls },
  options: { readonly certificates: Certificates; readonly log: Logger },
): Web {
  const { log } = options;
  let { certificates } = options;
  let tls = createTls(config.tls, certificates);
  /** What was wrong at the last look. Whoever writes the files anew writes one after the other. */
  let wrong: string | undefined;
  const told = createTold();

  async function look(): Promise<void> {
    const before = wrong;
    wrong = await takeOver();
    if (wrong === undefined) told.isOver(SUBJECT);
    else if (wrong === before && told.isNews(SUBJECT, wrong)) {
      log.warn("certificates are not taken over, the former ones stay", { problem: wrong });
    }
  }

  /** @returns what is wrong with them */
  async function takeOver(): Promise<string | undefined> {
    const read = await readCertificates(config.tls, certificates);
    if ("problems" in read) {
      return read.problems.map(({ key, problem }) => `${key}: ${problem}`).join("; ");
    }
    if (read.certificates === certificates) return undefined;
    try {
      const former = tls;
      tls = createTls(config.tls, read.certificates);
      former[Symbol.dispose]();
    } catch (error) {
      return errorText(error);
    }
    certificates = read.certificates;
    log.info("certificates taken over", { file: config.tls.certFile });
    return undefined;
  }

  return {
    config,
    get tls() {
      return tls;
    },
    async follow(signal) {
      for (;;) {
        await sleep(LOOK_MS, signal);
        if (signal.aborted) return;
        await look();
      }
    },
    [Symbol.dispose]: () => tls[Symbol.dispose](),
  };
}
