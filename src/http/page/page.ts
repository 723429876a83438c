/** The status page: HTML for a browser, text for curl, and the files that the HTML needs. @module */

import { headerValue } from "../../wire/headers.ts";
import { withEtag } from "../api/etag.ts";
import { type IncomingRequest, Reply, textReply } from "../message.ts";
import { languageOf } from "./browser/words.js";
import { renderDocument, type Shown } from "./document.ts";
import { PAGE_FILES } from "./files.ts";
import { textTable } from "./text_table.ts";

/** The page. */
export interface Page {
  /** `GET /`. */
  index(request: IncomingRequest): Reply;
  /** `GET /assets/FILE`. */
  file(path: string, request: IncomingRequest): Reply;
}

/** The path of the page's files. */
export const ASSETS_ROUTE = "/assets/";

/**
 * Browsers load, run and request only what comes from this service, and do not embed the page in another one.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
const SAFETY = [
  ...["content-security-policy", POLICY],
  ...["x-content-type-options", "nosniff"],
  ...["referrer-policy", "no-referrer"],
];

/**
 * Creates the page of one app.
 *
 * @param shown returns what the page shows at present
 */
export function createPage(shown: () => Shown): Page {
  return {
    index({ headers }) {
      const isBrowser = headerValue(headers, "accept")?.includes("text/html") === true;
      const common = ["cache-control", "no-cache", "vary", "accept, accept-language"];
      if (!isBrowser) {
        const { overview, members } = shown();
        return textReply(200, textTable(overview, members), common);
      }
      const language = languageOf(headerValue(headers, "accept-language") ?? "");
      return new Reply(200, renderDocument(shown(), language), [
        ...["content-type", "text/html;charset=UTF-8"],
        ...common,
        ...SAFETY,
      ]);
    },
    file(path, { headers }) {
      const file = PAGE_FILES.get(path.slice(ASSETS_ROUTE.length));
      if (!file) return textReply(404, "404 page not found\n");
      // Another version has other files with the same names, so a browser has to revalidate them each time.
      const own = ["content-type", file.type, "cache-control", "no-cache", ...SAFETY];
      return withEtag(new Reply(200, file.text, own), headers);
    },
  };
}
