/** Links between the pages lead somewhere, and every page is reached. @module */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { headingsOf, linksOf } from "./markdown.ts";
import { pages, read, ROOT } from "./pages.ts";

const permissions = { read: [ROOT] };

/** A link within the source tree. */
interface Link {
  readonly page: string;
  readonly target: string;
  /** The file below the root, and the anchor in it. */
  readonly file: string;
  readonly anchor?: string;
}

function localLinks(page: string, text: string): Link[] {
  const local = linksOf(text).filter((target) => !/^[a-z]+:/.test(target));
  return local.map((target) => {
    const [path, anchor] = decodeURIComponent(target).split("#");
    const file = path === "" ? page : join(dirname(page), path);
    return { page, target, file, ...(anchor !== undefined && { anchor }) };
  });
}

async function allLinks(): Promise<Link[]> {
  const links = await Promise.all(
    (await pages()).map(async (page) => localLinks(page, await read(page))),
  );
  return links.flat();
}

/** What is wrong with a link; nothing where it leads somewhere. */
async function problemOf({ page, target, file, anchor }: Link): Promise<string[]> {
  try {
    await Deno.stat(`${ROOT}${file}`);
  } catch {
    return [`${page}: ${target}: no such file`];
  }
  if (anchor === undefined) return [];
  const anchors = headingsOf(await read(file)).map((heading) => heading.anchor);
  return anchors.includes(anchor) ? [] : [`${page}: ${target}: no such heading`];
}

Deno.test("every relative link and anchor of README and docs leads somewhere", {
  permissions,
}, async () => {
  const links = await allLinks();
  assert(links.length > 100, `links are found: ${links.length}`);
  const problems = await Promise.all(links.map(problemOf));
  assert.deepEqual(problems.flat(), []);
});

Deno.test("a link to a file or a heading that is not there is found", { permissions }, async () => {
  const text = "[a](docs/no-such.md) [b](docs/install.md#no-such) [c](#limits) [d](https://e.org)";
  const problems = await Promise.all(localLinks("README.md", text).map(problemOf));
  assert.deepEqual(problems.flat(), [
    "README.md: docs/no-such.md: no such file",
    "README.md: docs/install.md#no-such: no such heading",
    "README.md: #limits: no such heading",
  ]);
});

Deno.test("anchors are those of GitHub", { permissions: "none" }, () => {
  const page =
    "# A `code` heading, with [a link](x.md)!\n## 扩容与缩容：不再需要重启\n# Twice\n# Twice\n" +
    "```sh\n# no heading\n```\n";
  assert.deepEqual(headingsOf(page).map(({ anchor }) => anchor), [
    "a-code-heading-with-a-link",
    "扩容与缩容不再需要重启",
    "twice",
    "twice-1",
  ]);
});

Deno.test("every page of the docs is linked from another one, and each language from its README", {
  permissions,
}, async () => {
  const links = await allLinks();
  const linked = new Set(links.filter(({ page, file }) => page !== file).map(({ file }) => file));
  assert.deepEqual((await pages()).filter((page) => !linked.has(page)), []);
});
