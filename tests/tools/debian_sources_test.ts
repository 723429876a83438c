import assert from "node:assert/strict";
import {
  archiveOf,
  debianMirrors,
  parseDeb822Sources,
  parseSourcesList,
} from "../../tools/debian_sources.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

Deno.test("a source of one line is read with its options", { permissions: "none" }, () => {
  const text = `
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib # ours
deb [arch=amd64 signed-by=${KEYRING}] https://mirror.example/debian/ bookworm-updates main
  deb\t[ signed-by=/a.gpg,/b.gpg ] http://two.example/debian  bookworm  main
deb-src http://mirror.example/debian bookworm main
deb cdrom:[Debian GNU/Linux 12 _Bookworm_]/ bookworm main
deb http://flat.example/packages ./
`;
  assert.deepEqual(parseSourcesList(text), [
    source("http://mirror.example/debian", ["bookworm"], ["main", "contrib"]),
    source("https://mirror.example/debian/", ["bookworm-updates"], ["main"], [KEYRING]),
    source("http://two.example/debian", ["bookworm"], ["main"], ["/a.gpg", "/b.gpg"]),
    source("http://flat.example/packages", ["./"], []),
  ]);
});

Deno.test("deb822 stanzas are read, one source for each address", { permissions: "none" }, () => {
  const text = `# the machine's own
Types: deb deb-src
# http://snapshot.example/
URIs: http://one.example/debian
 http://two.example/debian
Suites: bookworm
  bookworm-updates
components: main
Signed-By: ${KEYRING}

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no
 \t
Types: deb-src
URIs: http://src.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://inline.example/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEXEcE6RYJKwYBBAHaRw8BAQdA/unhsl
 -----END PGP PUBLIC KEY BLOCK-----
`;
  const suites = ["bookworm", "bookworm-updates"];
  assert.deepEqual(parseDeb822Sources(text), [
    source("http://one.example/debian", suites, ["main"], [KEYRING]),
    source("http://two.example/debian", suites, ["main"], [KEYRING]),
    source("http://inline.example/debian", ["bookworm"], ["main"]),
  ]);
});

Deno.test("an empty list and an empty stanza hold no source", { permissions: "none" }, () => {
  assert.deepEqual(parseSourcesList(""), []);
  assert.deepEqual(parseDeb822Sources("\n\n# nothing\n\n"), []);
});

Deno.test(
  "mirrors carry main of this release, and those that speak of Debian go first",
  { permissions: "none" },
  () => {
    const vendor = source("https://apt.vendor.example", ["bookworm"], ["main"], ["/v.gpg"]);
    const mirror = source("http://mirror.example/debian", ["bookworm"], ["main"], [KEYRING]);
    const plain = source("http://plain.example/debian/", ["bookworm"], ["main", "contrib"]);
    const mirrors = debianMirrors([
      vendor,
      source("http://mirror.example/debian-security", ["bookworm-security"], ["main"], [KEYRING]),
      source("https://docker.example/linux/debian", ["bookworm"], ["stable"]),
      source("http://mirror.example/debian", ["bookworm-backports"], ["main"]),
      plain,
      mirror,
    ], "bookworm");
    assert.deepEqual(mirrors, [mirror, plain, vendor]);
  },
);

Deno.test("a mirror may name the release by its role", { permissions: "none" }, () => {
  const mirror = source("http://mirror.example/debian", ["stable"], ["main"]);
  assert.deepEqual(debianMirrors([mirror], "bookworm"), [mirror]);
});

const ARCHIVES: readonly [uri: string, archive: string | undefined][] = [
  ["http://mirror.example.org/debian", "http://archive.example.org/debian"],
  ["https://deb.example.org:8443/debian/", "https://archive.example.org/debian/"],
  ["http://user:secret@ftp.de.example.org/debian", "http://archive.example.org/debian"],
  ["http://10.0.0.1/debian", undefined],
  ["http://[::1]/debian", undefined],
  ["http://localhost/debian", undefined],
  ["file:/srv/debian", undefined],
  ["mirror+file:///etc/apt/mirrors/debian.list", undefined],
];
for (const [uri, archive] of ARCHIVES) {
  Deno.test(`the archive of ${uri} is ${archive ?? "unknown"}`, { permissions: "none" }, () => {
    assert.equal(archiveOf(uri), archive);
  });
}

function source(uri: string, suites: string[], components: string[], signedBy: string[] = []) {
  return { uri, suites, components, signedBy };
}
