/** What is told of instances that are not taken as they are registered. @module */

import assert from "node:assert/strict";
import { type BadEntry, createBadEntries } from "../../src/discovery/bad_entries.ts";
import { recordLog } from "../model/log.ts";

const bad = (node: string, id: string, cause: string): BadEntry => ({ node, id, cause });

Deno.test(
  "a bad instance is told once, again when it changes, and when it is over; its ID may be on many nodes",
  {
    permissions: "none",
  },
  () => {
    const lines: string[] = [];
    const log = recordLog((line) => lines.push(line));
    const look = createBadEntries({
      log,
      place: { consul: "http://consul", service: "pushgateway" },
    });
    const told = (...found: BadEntry[]) => {
      lines.length = 0;
      look(found);
      return lines.map((line) => {
        const { node, id, err = "over" } = JSON.parse(line.slice(line.indexOf("{")));
        return `${line.split(" ")[0]} ${node} ${id} ${err}`;
      });
    };
    const [one, other] = [bad("n1", "a", "port 0"), bad("n2", "a", "port 1")];
    assert.deepEqual(told(one, other), ["warn n1 a port 0", "warn n2 a port 1"]);
    assert.deepEqual(told(other, one), [], "nothing is new");
    assert.deepEqual(told(one, bad("n2", "a", "port 2")), ["warn n2 a port 2"]);
    assert.deepEqual(told(one), ["info n2 a over"]);
    assert.deepEqual(told(one, other), ["warn n2 a port 1"], "it is back");
    assert.deepEqual(told(), ["info n1 a over", "info n2 a over"]);
    assert.match(lines[0], /"failures":5,"seconds":0\}$/, "it counts look-ups");
    const inTurn = Array.from({ length: 50 }, (_, i) => bad("n3", "a", `port ${i % 2}`));
    assert.equal(inTurn.flatMap((entry) => told(entry)).length, 2, "each reason once");
  },
);
