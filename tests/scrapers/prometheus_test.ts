import { assertTakesExamples, pairsOf } from "./examples.ts";
import { PROMETHEUS } from "./scrapers.ts";

for (const builds of pairsOf(PROMETHEUS)) {
  const names = builds.map(({ name }) => name).join(" and ");
  Deno.test(`${names} take the scrape configurations of the docs, and have each pushed sample once`, () =>
    assertTakesExamples(builds));
}
