/** Tokens of a Consul with access control, and the policy that the docs tell operators to write. @module */

import assert from "node:assert/strict";
import type { ConsulAgent } from "../../tools/consul.ts";
import { makeToken } from "../consul/fixture.ts";
import { codeBlocksOf, sectionOf } from "../docs/markdown.ts";
import { read } from "../docs/pages.ts";

/** A token, and how it is taken back. */
export interface Token {
  readonly secret: string;
  /** Replaces the rules of its policy. */
  give(rules: readonly string[]): Promise<void>;
  /** Deletes it, as it is when it has expired. */
  delete(): Promise<void>;
}

/** The rules of the policy in docs/consul.md, a line each. */
export async function documentedRules(): Promise<string[]> {
  const section = sectionOf(await read("docs/consul.md"), "Rights of the token");
  const [policy, ...others] = codeBlocksOf(section).filter(({ language }) => language === "hcl");
  assert.deepEqual(others, []);
  return policy.text.trim().split("\n").map((rule) => rule.replaceAll(/ +/g, " "));
}

/** Makes a token that has these rules and no others. */
export async function giveToken(consul: ConsulAgent, rules: readonly string[]): Promise<Token> {
  const { id, accessor, token: secret } = await makeToken(consul, rules.join("\n"));
  const ask = async (method: string, path: string, body?: string) => {
    const response = await consul.api(path, { method, ...(body !== undefined && { body }) });
    assert.equal(response.status, 200, await response.text());
  };
  return {
    secret,
    give: (rules) =>
      ask(
        "PUT",
        `/v1/acl/policy/${id}`,
        JSON.stringify({ ID: id, Name: id, Rules: rules.join("\n") }),
      ),
    delete: () => ask("DELETE", `/v1/acl/token/${accessor}`),
  };
}
