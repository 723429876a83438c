import { assertTakesExamples } from "./examples.ts";
import { VICTORIA_METRICS } from "./scrapers.ts";

for (const build of VICTORIA_METRICS) {
  Deno.test(`${build.name} takes the scrape configurations of the docs, and has each pushed sample once`, () =>
    assertTakesExamples(build));
}
