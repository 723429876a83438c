/** docs/openapi.yaml is valid, closed, and at one with the code and its page. @module */

import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import * as z from "zod";
import manifest from "../../deno.json" with { type: "json" };
import { forecastView, memberView, scrapingView } from "../../src/http/api/views.ts";
import { MEMBER_STATES } from "../../src/membership/membership.ts";
import {
  type Json,
  type JsonObject,
  type Pointer,
  readSpecification,
  show,
  SPECIFICATION_PERMISSIONS as permissions,
} from "./openapi.ts";

const PAGE = new URL("../../docs/http-api.md", import.meta.url);

/** Every value of a document with its place. */
function* walk(value: Json, at: Pointer = []): Generator<{ value: JsonObject; at: Pointer }> {
  if (value === null || typeof value !== "object") return;
  yield { value: value as JsonObject, at };
  for (const [name, inner] of Object.entries(value)) yield* walk(inner, [...at, name]);
}

Deno.test("the file is valid OpenAPI, and one without an answer is not", {
  permissions: { ...permissions, read: true }, // the validator has schemas of its own
}, async () => {
  const { document } = await readSpecification();
  const { valid, errors } = await new Validator().validate(structuredClone(document) as JsonObject);
  assert(valid, JSON.stringify(errors));
  const broken = { ...document, paths: { "/sd": { get: { responses: { "200": {} } } } } };
  assert.equal((await new Validator().validate(broken)).valid, false);
});

Deno.test("every operation has a name of its own, and the version is that of the release", {
  permissions,
}, async () => {
  const { document, methods, at } = await readSpecification();
  assert.equal(at(["info", "version"]), manifest.version);
  const names = [...walk(document)].flatMap(({ value }) => value.operationId ?? []);
  assert.equal(new Set(names).size, [...methods.values()].flat().length);
});

Deno.test("every object says whether it may have other fields than those described", {
  permissions,
}, async () => {
  const { document } = await readSpecification();
  const open = [...walk(document)].filter(({ value, at }) =>
    value.type === "object" && value.additionalProperties === undefined && !at.includes("examples")
  );
  assert.deepEqual(open.map(({ at }) => at.join("/")), []);
});

Deno.test("every example is one of what its schema describes", { permissions }, async () => {
  const { answers, contentAt, at, problemOf } = await readSpecification();
  let count = 0;
  for (const answer of answers.filter(({ mediaType }) => mediaType !== undefined)) {
    const content = contentAt(answer);
    const examples = (at([...content, "examples"]) ?? {}) as JsonObject;
    for (const [name, example] of Object.entries(examples)) {
      const problem = problemOf((example as JsonObject).value, [...content, "schema"]);
      assert.equal(problem, undefined, `${show(answer)}, example ${name}`);
      count++;
    }
  }
  assert(count > 20, `examples are found: ${count}`);
});

/** Names that a schema of the file has and must have, at every depth. */
function shapeOf({ properties, required = [], items }: JsonObject): Json {
  if (items) return shapeOf(items as JsonObject);
  if (!properties) return null;
  const entries = Object.entries(properties).map(([name, schema]) => {
    const mark = (required as readonly Json[]).includes(name) ? "" : "?";
    return [`${name}${mark}`, shapeOf(schema as JsonObject)] as const;
  });
  return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
}

const VIEWS = { MemberView: memberView, Plan: forecastView, Scraping: scrapingView };
for (const [name, view] of Object.entries(VIEWS)) {
  Deno.test(`${name} has the fields that the commands read`, { permissions }, async () => {
    const { at } = await readSpecification();
    const described = at(["components", "schemas", name]) as JsonObject;
    const read = z.toJSONSchema(view, { io: "input" }) as unknown as JsonObject;
    assert.deepEqual(shapeOf(described), shapeOf(read));
  });
}

Deno.test("the states of a member are those that there are", { permissions }, async () => {
  const { at } = await readSpecification();
  const described = at(["components", "schemas", "MemberState", "enum"]);
  assert.deepEqual([...described as string[]].sort(), [...MEMBER_STATES].sort());
});

Deno.test("docs/http-api.md names every path", { permissions }, async () => {
  const { methods } = await readSpecification();
  const page = await Deno.readTextFile(PAGE);
  const missing = [...methods.keys()].filter((path) => !page.includes(path.replace(/\{.*/, "")));
  assert.deepEqual(missing, []);
});
