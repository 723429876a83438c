/** The web configuration in force, and the certificates that new connections are secured with. @module */

import type { Environment } from "../config/files.ts";
import { ConfigError } from "../config/load.ts";
import { isSameWeb, type LoadedWeb, loadWebConfig, type WebConfig } from "../config/web_config.ts";
import { openingsOf } from "../config/web_protection.ts";
import { createTls } from "../http/server/tls/create_tls.ts";
import type { Tls } from "../http/server/tls/tls.ts";
import type { Logger } from "../log.ts";
import { createFollowed, type Following } from "./followed.ts";

/** A web configuration in force. After disposal it secures no further connections. */
export interface Web extends Disposable, Following {
  readonly config: WebConfig;
  /** What the next connection is secured with. `undefined` if plain HTTP is used. */
  readonly tls: Tls | undefined;
}

/** What opening a web configuration needs. */
export interface WebDeps {
  /** The file that it was loaded from. */
  readonly file: string;
  readonly env: Environment;
  readonly log: Logger;
}

/**
 * Opens what a web configuration needs.
 *
 * @throws if a listener cannot be opened, which an old Deno needs for TLS
 */
export function openWeb(first: LoadedWeb, { file, env, log }: WebDeps): Web {
  let tls = tlsOf(first);

  /**
   * Puts a configuration in force.
   *
   * @throws if it protects less, because a file that is being written may lack its end
   */
  function change(next: LoadedWeb, former: LoadedWeb): void {
    const openings = openingsOf(former.config, next.config);
    if (openings.length > 0) {
      const problems = openings.map(({ path, problem }) =>
        `${next.placeOf(path)}: ${path.join(".")}: ${problem}`
      );
      throw new ConfigError(problems);
    }
    if (isSameTls(next, former)) return;
    const before = tls;
    tls = tlsOf(next);
    before?.[Symbol.dispose]();
  }

  const followed = createFollowed(first, {
    of: "--web.config.file",
    file,
    read: (before) => loadWebConfig(file, { env, before }),
    isSame: isSameWeb,
    onChange: change,
    log,
  });
  return {
    get config() {
      return followed.current.config;
    },
    get tls() {
      return tls;
    },
    follow: followed.follow,
    [Symbol.dispose]: () => tls?.[Symbol.dispose](),
  };
}

function tlsOf({ config, certificates }: LoadedWeb): Tls | undefined {
  return config.tls && certificates && createTls(config.tls, certificates);
}

function isSameTls(a: LoadedWeb, b: LoadedWeb): boolean {
  const text = ({ config, certificates }: LoadedWeb) => JSON.stringify([config.tls, certificates]);
  return text(a) === text(b);
}
