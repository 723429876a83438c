/** docs/openapi.yaml, and whether an answer is one that it describes. @module */

import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** A JSON value that is looked into. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
/** A JSON object that is looked into. */
export interface JsonObject {
  readonly [name: string]: Json;
}

/** An answer of the service, whole. */
export interface GivenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** One answer that the file describes: of an operation as `GET /sd`, by status and media type. */
export interface DescribedAnswer {
  readonly operation: string;
  readonly status: number;
  /** Absent where there is no body. */
  readonly mediaType?: string;
}

/** The description of the HTTP API. */
export interface Specification {
  readonly document: JsonObject;
  /** The methods of each path, in upper case and sorted. */
  readonly methods: ReadonlyMap<string, readonly string[]>;
  readonly answers: readonly DescribedAnswer[];
  /**
   * Finds the description of an answer, and checks media type, headers and body against it.
   *
   * @param operation as `GET /sd`
   * @throws where the file does not describe it, or otherwise
   */
  check(operation: string, answer: GivenAnswer): DescribedAnswer;
  /** What is wrong with a value, by a schema of the file; nothing where it is right. */
  problemOf(value: unknown, pointer: Pointer): string | undefined;
  /** Where the described body of an answer is in the file. */
  contentAt(answer: DescribedAnswer): Pointer;
  /** The value at a place, or at the place that it refers to. */
  at(pointer: Pointer): Json | undefined;
}

/** Names and indices from the root of the file to a value. */
export type Pointer = readonly string[];

/** The file. */
export const SPECIFICATION_FILE = fileURLToPath(
  new URL("../../docs/openapi.yaml", import.meta.url),
);
/** What reading it takes. The YAML parser looks for its own debug switches. */
export const SPECIFICATION_PERMISSIONS = {
  read: [fileURLToPath(new URL("../../", import.meta.url))],
  env: ["LOG_STREAM", "LOG_TOKENS"],
};

const METHODS = ["delete", "get", "head", "options", "patch", "post", "put", "trace"];
const ID = "openapi.yaml";
/** Headers of any answer, and what a Pushgateway adds to its refusals. */
const EVERYWHERE = new Set([
  ...["connection", "content-length", "content-type", "date", "transfer-encoding", "vary"],
  "x-content-type-options",
]);

/** Reads the file. */
export async function readSpecification(): Promise<Specification> {
  return specificationOf(parse(await Deno.readTextFile(SPECIFICATION_FILE)));
}

/** Makes a description of a document that was read. */
export function specificationOf(document: JsonObject): Specification {
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  formats.default(ajv);
  ajv.addVocabulary(Object.keys(document));
  ajv.addSchema(document, ID, undefined, false); // most of it is no schema

  function resolve(pointer: Pointer): Pointer {
    let value: Json | undefined = document;
    for (const name of pointer) value = memberOf(value, name);
    const reference = memberOf(value, "$ref");
    return typeof reference === "string" ? reference.slice("#/".length).split("/") : pointer;
  }

  const at = (pointer: Pointer) => resolve(pointer).reduce<Json | undefined>(memberOf, document);

  function namesAt(pointer: Pointer): string[] {
    const value = at(pointer);
    return value !== null && typeof value === "object" ? Object.keys(value) : [];
  }

  function problemOf(value: unknown, pointer: Pointer): string | undefined {
    const $ref = `${ID}#${pointer.map((name) => `/${escape(name)}`).join("")}`;
    const validate = ajv.getSchema($ref) ?? ajv.compile({ $ref });
    return validate(value) ? undefined : ajv.errorsText(validate.errors);
  }

  const responsesAt = (operation: string): Pointer => {
    const [method, path] = operation.split(" ");
    return ["paths", path, method.toLowerCase(), "responses"];
  };
  const responseAt = ({ operation, status }: DescribedAnswer) =>
    resolve([...responsesAt(operation), String(status)]);
  const contentAt = (answer: DescribedAnswer): Pointer => [
    ...responseAt(answer),
    "content",
    answer.mediaType ?? assert.fail(`${show(answer)} has no body`),
  ];

  const methods = new Map(
    namesAt(["paths"]).map((path) => {
      const found = namesAt(["paths", path]).filter((name) => METHODS.includes(name));
      return [path, found.map((name) => name.toUpperCase()).sort()];
    }),
  );
  const operations = [...methods].flatMap(([path, names]) =>
    names.map((name) => `${name} ${path}`)
  );
  const answers = operations.flatMap((operation) =>
    namesAt(responsesAt(operation)).flatMap((text): DescribedAnswer[] => {
      const answer = { operation, status: Number(text) };
      const mediaTypes = namesAt([...responseAt(answer), "content"]);
      return mediaTypes.length === 0
        ? [answer]
        : mediaTypes.map((mediaType) => ({ ...answer, mediaType }));
    })
  );

  function checkHeaders(answer: DescribedAnswer, headers: Headers): void {
    const described = [...responseAt(answer), "headers"];
    const names = namesAt(described);
    for (const name of names) {
      const value = headers.get(name);
      const header = resolve([...described, name]);
      if (value === null) {
        assert(at([...header, "required"]) !== true, `${show(answer)} needs the header ${name}`);
        continue;
      }
      const problem = problemOf(value, [...header, "schema"]);
      assert.equal(problem, undefined, `${show(answer)}, ${name}: ${value}`);
    }
    const known = new Set(names.map((name) => name.toLowerCase()));
    const unknown = [...headers.keys()].filter((name) => !known.has(name) && !EVERYWHERE.has(name));
    assert.deepEqual(unknown, [], `headers of ${show(answer)} that are not described`);
  }

  return {
    document,
    methods,
    answers,
    problemOf,
    contentAt,
    at,
    check(operation, { status, headers, text }) {
      const mediaType = headers.get("content-type")?.split(";")[0];
      const ofStatus = answers.filter((one) =>
        one.operation === operation && one.status === status
      );
      const answer =
        ofStatus.find((one) => one.mediaType === (text === "" ? undefined : mediaType)) ??
          assert.fail(
            `${show({ operation, status, mediaType })} is not described, its body is ${text}`,
          );
      checkHeaders(answer, headers);
      if (answer.mediaType === undefined) return answer;
      const body = answer.mediaType === "application/json" ? JSON.parse(text) : text;
      const schema = [...contentAt(answer), "schema"];
      if (at(schema) === undefined) return answer;
      const problem = problemOf(body, schema);
      assert.equal(problem, undefined, `${show(answer)}: ${text}`);
      return answer;
    },
  };
}

/** An answer in a few words. */
export function show({ operation, status, mediaType = "no body" }: DescribedAnswer): string {
  return `${operation}: ${status}, ${mediaType}`;
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (value === null || typeof value !== "object") return undefined;
  return Object.hasOwn(value, name) ? (value as JsonObject)[name] : undefined;
}

function escape(name: string): string {
  return encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
}
