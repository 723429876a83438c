/** Answers of a running service, held against docs/openapi.yaml. @module */

import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import type { DescribedAnswer, GivenAnswer, Specification } from "../http/openapi.ts";
import type { TestApp } from "./app.ts";

/** Asks a service, and holds each answer against the file. */
export interface Asker {
  /**
   * Asks and checks.
   *
   * @param operation as the file has it, `GET /sd`
   * @param status that is expected
   * @param options.path to ask, where the one of the operation is a template or gets a query
   */
  ask(
    operation: string,
    status: number,
    options?: { readonly path?: string } & Omit<RequestInit, "method">,
  ): Promise<GivenAnswer>;
  /** Checks an answer that came otherwise. */
  check(operation: string, status: number, answer: GivenAnswer): void;
}

/**
 * Makes one for a service.
 *
 * @param seen is told of every answer
 */
export function asker(
  { url }: { url: string },
  { check }: Specification,
  seen: (answer: DescribedAnswer) => void,
): Asker {
  const checked = (operation: string, status: number, answer: GivenAnswer) => {
    assert.equal(answer.status, status, `${operation}: ${answer.text}`);
    seen(check(operation, answer));
  };
  return {
    check: checked,
    async ask(operation, status, { path, ...init } = {}) {
      const [method, template] = operation.split(" ");
      const answer = await request(`${url}${path ?? template}`, { method, ...init });
      checked(operation, status, answer);
      return answer;
    },
  };
}

/** Sends a request, follows no redirect, and reads the whole answer. */
export async function request(url: string, init?: RequestInit): Promise<GivenAnswer> {
  const response = await fetch(url, { redirect: "manual", ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Waits until so many members are in the ring of a service, and all is well. */
export async function untilReady(app: TestApp, members: number): Promise<void> {
  await waitFor(async () => {
    const { text } = await request(`${app.url}/-/ready`);
    return text.startsWith(`${members} member`);
  }, { what: `${members} members to be ready` });
}

/** The configuration of some members. */
export function servers(members: readonly { readonly address: string }[]): string {
  return `pushgateway: {servers: ${JSON.stringify(members.map(({ address }) => address))}}\n`;
}

/** Reads an answer that stands as a text, as it came or as `curl --include` shows it. */
export function parseAnswer(text: string): GivenAnswer {
  const [head, body] = text.split("\r\n\r\n", 2);
  const [line, ...fields] = head.split("\r\n");
  const headers = fields.map((field) => field.split(": ", 2) as [string, string]);
  return { status: Number(line.split(" ")[1]), headers: new Headers(headers), text: body };
}
