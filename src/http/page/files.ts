/** The files of the page besides its HTML. @module */

import api from "./browser/api.js" with { type: "text" };
import deeds from "./browser/deeds.js" with { type: "text" };
import dom from "./browser/dom.js" with { type: "text" };
import fleet from "./browser/fleet.js" with { type: "text" };
import format from "./browser/format.js" with { type: "text" };
import forms from "./browser/forms.js" with { type: "text" };
import groups from "./browser/groups.js" with { type: "text" };
import icon from "./browser/icon.svg" with { type: "text" };
import main from "./browser/main.js" with { type: "text" };
import members from "./browser/members.js" with { type: "text" };
import order from "./browser/order.js" with { type: "text" };
import phrases from "./browser/phrases.js" with { type: "text" };
import problems from "./browser/problems.js" with { type: "text" };
import rates from "./browser/rates.js" with { type: "text" };
import ring from "./browser/ring.js" with { type: "text" };
import sizes from "./browser/sizes.js" with { type: "text" };
import style from "./browser/style.css" with { type: "text" };
import underway from "./browser/underway.js" with { type: "text" };
import words from "./browser/words.js" with { type: "text" };

const SCRIPT = "text/javascript;charset=UTF-8";

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly text: string;
}

const SCRIPTS = {
  ...{ api, deeds, dom, fleet, format, forms, groups, main, members, order, phrases, problems },
  ...{ rates, ring, sizes, underway, words },
};

/** The files by name. */
export const PAGE_FILES: ReadonlyMap<string, PageFile> = new Map([
  ...Object.entries(SCRIPTS).map(([name, text]) => [`${name}.js`, { type: SCRIPT, text }] as const),
  ["style.css", { type: "text/css;charset=UTF-8", text: style }],
  ["icon.svg", { type: "image/svg+xml", text: icon }],
]);
