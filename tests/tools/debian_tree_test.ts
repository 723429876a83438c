import assert from "node:assert/strict";
import { pathBelow, relink } from "../../tools/debian_unpack.ts";
import { temporaryDirectory } from "../../tools/server.ts";

async function withTree(use: (tree: string) => Promise<void>): Promise<void> {
  const { path, remove } = await temporaryDirectory("dynamic-sharding-tree");
  try {
    await use(path);
  } finally {
    await remove();
  }
}

Deno.test("an absolute link leads into the tree where the tree has its target", async () => {
  await withTree(async (tree) => {
    await Deno.mkdir(`${tree}/etc/jvm`, { recursive: true });
    await Deno.mkdir(`${tree}/usr/lib/jvm`, { recursive: true });
    await Deno.writeTextFile(`${tree}/etc/jvm/jvm.cfg`, "-server KNOWN\n");
    await Deno.symlink("/etc/jvm/jvm.cfg", `${tree}/usr/lib/jvm/jvm.cfg`);
    await Deno.symlink("/no-such-file", `${tree}/usr/lib/jvm/elsewhere`);
    await Deno.symlink("jvm.cfg", `${tree}/usr/lib/jvm/relative`);
    await relink(tree);
    await relink(tree); // packages are unpacked in rounds
    assert.equal(await Deno.readTextFile(`${tree}/usr/lib/jvm/relative`), "-server KNOWN\n");
    assert.equal(await Deno.readLink(`${tree}/usr/lib/jvm/jvm.cfg`), "../../../etc/jvm/jvm.cfg");
    assert.equal(await Deno.readLink(`${tree}/usr/lib/jvm/elsewhere`), "/no-such-file");
  });
});

Deno.test("a pattern names just one path", async () => {
  await withTree(async (tree) => {
    await Deno.mkdir(`${tree}/jvm/java-17-openjdk-amd64`, { recursive: true });
    assert.equal(await pathBelow(tree, "jvm/java-17-*"), "jvm/java-17-openjdk-amd64");
    await assert.rejects(pathBelow(tree, "jvm/java-21-*"), {
      message: "expected one jvm/java-21-*, found none",
    });
    await Deno.mkdir(`${tree}/jvm/java-17-other`);
    await assert.rejects(pathBelow(tree, "jvm/java-17-*"), {
      message: "expected one jvm/java-17-*, found jvm/java-17-openjdk-amd64, jvm/java-17-other",
    });
  });
});
