/**
 * Unpacks pushes that some member cannot unpack, so that a client may compress its pushes whichever member
 * owns its group.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createPace } from "../../concurrency/pace.ts";
import { errorText } from "../../log.ts";
import type { Membership } from "../../membership/membership.ts";
import { createGunzip } from "../../pushgateway/pages/gunzip.ts";
import { type Packing, packingOf, unpacks, unpacksAll } from "../../pushgateway/versions.ts";
import { type Reply, textReply } from "../message.ts";
import { pushClientOf } from "./client_kinds.ts";
import { type BodyLimits, refuseMemory, tooLarge } from "./body.ts";
import { createUnsnappy } from "./snappy.ts";

/** Unpacks bodies. */
export interface Unpacker {
  /**
   * Returns how a push is packed if it has to be unpacked here: if some member cannot unpack it, or has not
   * told its version yet. Otherwise `undefined`.
   */
  dueFor(headers: readonly string[]): Packing | undefined;
  /**
   * Unpacks a body, within the limits of one.
   *
   * @returns a refusal: 400 if the body is not packed in that way, 413 if it is too large once unpacked, 503
   *   if there is no memory for it
   */
  unpack(
    packed: Uint8Array,
    packing: Packing,
    limits: Pick<BodyLimits, "bytesMax" | "memory">,
  ): Promise<Uint8Array | Reply>;
}

type Records = Membership["records"];
/** Takes a part of the unpacked body. */
type Take = (part: Uint8Array) => Promise<void>;

/** A body is refused; the reply says why. */
class Refused extends Error {
  constructor(readonly reply: Reply) {
    super();
  }
}

/**
 * Creates an unpacker.
 *
 * @param records the current records of the members
 */
export function createUnpacker(records: () => Records): Unpacker {
  const unsnappy = createUnsnappy();
  const oldVersions = rememberOldVersions();

  async function unsnap(packed: Uint8Array, take: Take): Promise<void> {
    for (const part of unsnappy(packed)) await take(part);
  }

  return {
    dueFor(headers) {
      const old = oldVersions(records());
      if (old.length === 0) return undefined; // the usual case, without a look-up
      const { encoding } = pushClientOf(headers);
      if (encoding === "") return undefined;
      const packing = packingOf(encoding);
      if (packing === undefined) return undefined;
      return old.some((version) => !unpacks(version, encoding)) ? packing : undefined;
    },
    async unpack(packed, packing, { bytesMax, memory }) {
      const pace = createPace(new AbortController().signal);
      const parts: Uint8Array[] = [];
      let bytes = 0;
      const take: Take = async (part) => {
        bytes += part.length;
        if (bytes > bytesMax) throw new Refused(tooLarge(bytesMax));
        if (!memory.grow(part.length)) throw new Refused(refuseMemory(memory));
        parts.push(part);
        if (pace.tired) await pace.rest();
      };
      try {
        await (packing === "gzip" ? gunzip : unsnap)(packed, take);
        return parts.length === 1 ? parts[0] : Buffer.concat(parts, bytes);
      } catch (error) {
        if (error instanceof Refused) return error.reply;
        if (!(error instanceof TypeError)) throw error;
        return textReply(400, `the body cannot be unpacked: ${errorText(error)}\n`);
      }
    },
  };
}

async function gunzip(packed: Uint8Array, take: Take): Promise<void> {
  const gunzip = createGunzip(take);
  try {
    await gunzip.write(packed);
    await gunzip.end();
  } catch (error) {
    await gunzip.abort();
    throw error;
  }
}

/**
 * Returns the versions of members that cannot unpack everything, or whose version is not known. The result is
 * kept until the membership changes.
 */
function rememberOldVersions(): (records: Records) => readonly (string | undefined)[] {
  let last: Records | undefined;
  let old: readonly (string | undefined)[] = [];
  return (records) => {
    if (records !== last) {
      // A dead member that has never told its version gets no pushes. A dead member with a version may soon
      // be back.
      const mayGetPushes = [...records.values()].filter(({ version, verdict }) =>
        version !== undefined || verdict !== "down"
      );
      const versions = new Set(mayGetPushes.map(({ version }) => version));
      old = [...versions].filter((version) => !unpacksAll(version));
      last = records;
    }
    return old;
  };
}
