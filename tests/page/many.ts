/** More members than can be started: the page is given them in the place of the service's. @module */

import type { Page } from "playwright-core";

/** A member as the API shows it, as far as it is made up here. */
export type MadeUp = Record<string, unknown> & { readonly state: string };

/** Members that are made up. */
export interface Many {
  /** Has a page be given them. */
  prepare(page: Page): Promise<void>;
  /** Changes one of them. */
  change(index: number, own: Partial<MadeUp>): void;
}

/** Makes up members that are active and have equal shares, nearly. */
export function showMany(number: number): Many {
  const members: MadeUp[] = Array.from({ length: number }, (_, i) => ({
    member: `10.0.${i >> 8}.${i & 255}:9091`,
    state: "active",
    since: "2026-11-29T08:15:30Z",
    why: "healthy, and answers our probe",
    in_ring: true,
    drained: false,
    ...{ weight: 1, version: "1.11.1", pushes: 40_000 + i * 31, failures: 0 },
    share: (1 + ((i * 7) % 11 - 5) / 50) / number,
    groups: 900 + (i * 37) % 200,
    misplaced: 0,
  }));
  let version = 0;
  return {
    async prepare(page) {
      await page.route("**/api/v1/overview", async (route) => {
        const { status, data } = await (await route.fetch()).json();
        const sum = (name: string) =>
          members.reduce((sum, { [name]: groups }) => sum + (Number(groups) || 0), 0);
        const states = Object.groupBy(members, ({ state }) => state);
        const counts = Object.entries(states).map(([state, all = []]) => [state, all.length]);
        const inRing = members.filter(({ share }) => share !== undefined).length;
        Object.assign(data, {
          ring: { ...data.ring, members: inRing },
          states: Object.fromEntries(counts),
          groups: sum("groups"),
          missing: sum("missing"),
        });
        await route.fulfill({ json: { status, data } });
      });
      await page.route("**/api/v1/members", (route) => {
        const etag = `"${version}"`;
        return route.request().headers()["if-none-match"] === etag
          ? route.fulfill({ status: 304, headers: { etag } })
          : route.fulfill({ headers: { etag }, json: { status: "success", data: members } });
      });
    },
    change(index, own) {
      members[index] = { ...members[index], ...own };
      version++;
    },
  };
}
