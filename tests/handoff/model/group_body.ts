/** The families of a group in memory as the bytes that a `PUT` of a whole group carries. @module */

import { concat } from "../../../src/pushgateway/pages/concat.ts";
import { encodeFamily } from "../../../src/pushgateway/pages/family.ts";
import { createProtobufPage } from "../../../src/pushgateway/pages/protobuf_page.ts";
import type { Families } from "./pushgateway.ts";

/** Delimited protobuf; the help of each family is its value. */
export function encodeFamilies(families: Families): Uint8Array {
  const sorted = [...families].sort(([a], [b]) => (a < b ? -1 : 1));
  return concat(
    sorted.flatMap(([name, value]) =>
      encodeFamily({ name, type: "GAUGE", help: String(value), metrics: [] })
    ),
  );
}

/** The way back. */
export function decodeFamilies(body: Uint8Array): Families {
  const families = new Map<string, number>();
  const page = createProtobufPage({
    metric: () => {},
    familyEnd: ({ name, help }) => families.set(name, Number(new TextDecoder().decode(help))),
  });
  page.take(body);
  page.end();
  return families;
}
