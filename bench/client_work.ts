/** What a client of members is asked to do, and what it is measured by. @module */

import type { Member } from "../src/member.ts";

/** What is compared: ours, undici's `Pool.request`, and the `Pool.dispatch` beneath it. */
export const CLIENTS = ["ours", "undici", "dispatch"] as const;
export type ClientName = (typeof CLIENTS)[number];

/** A request, as far as the work here has some. */
export interface WorkRequest {
  readonly method: "GET" | "PUT" | "DELETE";
  readonly target: string;
  readonly body?: Uint8Array;
}

/** What every client can do. */
export interface WorkClient {
  /** Sends a request and reads the whole answer; resolves to its status and its length. */
  exchange(member: Member, request: WorkRequest): Promise<WorkAnswer>;
  /** Reads a page in parts and drops them. */
  readPage(member: Member, target: string): Promise<WorkAnswer>;
  close(): void;
}

/** What has come. */
export interface WorkAnswer {
  readonly status: number;
  readonly bytes: number;
}

export const HEALTH_PATH = "/-/healthy";
export const STATUS_PATH = "/api/v1/status";
export const GROUP_PATH = "/metrics/job/backup";
export const PAGE_PATH = "/page/metrics";
export const CHUNKED_PAGE_PATH = "/chunked/metrics";
export const GROUP_BYTES = 2_000;
export const PAGE_BYTES = 50_000_000;
/** For everything that a client is asked here. */
export const TIMEOUT_MS = 10_000;

const GROUP = new Uint8Array(GROUP_BYTES).fill("#".charCodeAt(0));

/** A kind of work, and how much of it a process does. */
export interface Work {
  /** How many units the process does before it is measured. */
  readonly warmUp: number;
  /** How many units are measured. */
  readonly units: number;
  /** How many members are asked at a time, each of them one thing after the other. */
  readonly members: number;
  /** Does one unit. */
  run(client: WorkClient, member: Member): Promise<void>;
}

export const WORK_NAMES = ["probe", "page", "chunked page", "move"] as const;
export type WorkName = (typeof WORK_NAMES)[number];

export const WORKS: Readonly<Record<WorkName, Work>> = {
  probe: {
    warmUp: 1_000,
    units: 5_000,
    members: 10,
    async run(client, member) {
      expect(await client.exchange(member, { method: "GET", target: HEALTH_PATH }));
      expect(await client.exchange(member, { method: "GET", target: STATUS_PATH }));
    },
  },
  page: {
    warmUp: 2,
    units: 10,
    members: 1,
    run: (client, member) => read(client, member, PAGE_PATH),
  },
  "chunked page": {
    warmUp: 2,
    units: 10,
    members: 1,
    run: (client, member) => read(client, member, CHUNKED_PAGE_PATH),
  },
  move: {
    warmUp: 500,
    units: 5_000,
    members: 10,
    async run(client, member) {
      const target = GROUP_PATH;
      expect(await client.exchange(member, { method: "GET", target }), GROUP_BYTES);
      expect(await client.exchange(member, { method: "PUT", target, body: GROUP }));
      expect(await client.exchange(member, { method: "DELETE", target }));
    },
  },
};

async function read(client: WorkClient, member: Member, target: string): Promise<void> {
  expect(await client.readPage(member, target), PAGE_BYTES);
}

/** A bench of wrong answers is worth nothing. */
function expect({ status, bytes }: WorkAnswer, expectedBytes = bytes): void {
  if ((status === 200 || status === 202) && bytes === expectedBytes) return;
  throw new Error(`expected 200 or 202 and ${expectedBytes} bytes, found ${status} and ${bytes}`);
}
