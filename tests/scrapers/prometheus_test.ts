import { assertTakesExamples } from "./examples.ts";
import { PROMETHEUS } from "./scrapers.ts";

for (const build of PROMETHEUS) {
  Deno.test(`${build.name} takes the scrape configurations of the docs, and has each pushed sample once`, () =>
    assertTakesExamples(build));
}
