/** The scrape configurations that are printed. */

import assert from "node:assert/strict";
import {
  renderScrapeConfig,
  type Setup,
  setupOfFile,
  type Way,
} from "../../src/cli/prometheus_config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { scrapingOf } from "../../src/config/scraping.ts";
import { Secret } from "../../src/config/secret.ts";
import { scrapingView } from "../../src/http/api/views.ts";
import { READS_YAML } from "../config/permissions.ts";

const WAYS: readonly Way[] = ["consul", "http-sd", "pushed"];
const PLAIN = "pushgateway: {servers: [a:9091]}";
const BY_CONSUL = "consul_server: {}";
/** All that a scraper may have to know, and secrets. */
const EVERYTHING = `
consul_server:
  addr: "https://[2001:db8::1]:8501"
  datacenter: dc1
  register_service_name: pgw
  username: scraper
  password: hunter2
  token: hunter2
  tls_config: {ca_file: /tls/ca.pem, cert_file: /tls/a.pem, key_file: /tls/a.key, server_name: consul}
pushgateway:
  servers: [a:9091]
  scheme: https
  route_prefix: /pushgateway/
  tls_config:
    ca_file: /tls/ca.pem
    cert_file: /tls/b.pem
    key_file: /tls/b.key
    server_name: pushgateway
    insecure_skip_verify: true
  basic_auth: {username: pusher, password: hunter2}
`;

function setup(yaml: string, service: Setup["service"] = { url: "http://localhost:9292" }): Setup {
  const config = parseConfig(yaml, { path: "f.yml", env: () => undefined });
  return { scraping: scrapingOf(config), service, source: "f.yml" };
}

Deno.test("the printed configurations are these", { permissions: READS_YAML }, async (t) => {
  const setups = { consul: BY_CONSUL, "http-sd": PLAIN, pushed: PLAIN } as const;
  for (const way of WAYS) {
    for (const vmagent of [false, true]) {
      for (const yaml of [setups[way], EVERYTHING]) {
        await t.assertSnapshot(renderScrapeConfig(setup(yaml), { way, vmagent }));
      }
    }
  }
});

Deno.test("docs/prometheus.md shows what is printed", async () => {
  const docs = await Deno.readTextFile(new URL("../../docs/prometheus.md", import.meta.url));
  const shown: readonly [yaml: string, way: Way, vmagent: boolean][] = [
    [BY_CONSUL, "consul", false],
    [PLAIN, "http-sd", false],
    [PLAIN, "pushed", false],
    [PLAIN, "http-sd", true],
  ];
  for (const [yaml, way, vmagent] of shown) {
    const text = renderScrapeConfig(setup(yaml), { way, vmagent });
    assert(docs.includes(`\`\`\`yaml\n${text}\`\`\`\n`), text);
  }
});

Deno.test("a password that is in a file is named by its file", { permissions: READS_YAML }, () => {
  const basicAuth = { user: "ops", password: new Secret("hunter2"), passwordFile: "/run/password" };
  const service = { url: "https://push.example.org", http: { basicAuth } };
  const yaml = renderScrapeConfig(setup(PLAIN, service), { vmagent: false });
  assert.match(yaml, /username: ops\n +password_file: \/run\/password\n/);
  assert.doesNotMatch(yaml, /<secret>|hunter2/);
});

Deno.test("the service is named as its URL has it, without the password", {
  permissions: READS_YAML,
}, async (t) => {
  for (const way of ["http-sd", "pushed"] as const) {
    const options = { way, vmagent: false };
    const url = "https://ops:hunter2@push.example.org/sharding/";
    await t.assertSnapshot(renderScrapeConfig(setup(PLAIN, { url }), options));
  }
});

Deno.test("a user and an authority of the service are named where its pages are scraped", {
  permissions: READS_YAML,
}, async (t) => {
  const http = {
    basicAuth: { user: "ops", password: new Secret("hunter2") },
    tls: { caFile: "/tls/ca.pem", insecureSkipVerify: false },
  };
  const service = { url: "https://push.example.org:9292", http };
  for (const way of ["http-sd", "pushed"] as const) {
    await t.assertSnapshot(renderScrapeConfig(setup(PLAIN, service), { way, vmagent: false }));
  }
});

Deno.test("it goes by Consul where there is one, and else by /sd", {
  permissions: READS_YAML,
}, () => {
  const options = { vmagent: false };
  for (const [yaml, way] of [[BY_CONSUL, "consul"], [PLAIN, "http-sd"]] as const) {
    const given = setup(yaml);
    assert.equal(
      renderScrapeConfig(given, options),
      renderScrapeConfig(given, { ...options, way }),
    );
  }
});

Deno.test("to go by Consul where there is none is refused", { permissions: READS_YAML }, () => {
  assert.throws(() => renderScrapeConfig(setup(PLAIN), { way: "consul", vmagent: false }), {
    message: "--consul: expected consul_server in the configuration of f.yml, found none",
  });
});

Deno.test("no secret is printed, nor told by the API", { permissions: READS_YAML }, () => {
  const { scraping } = setup(EVERYTHING);
  assert.doesNotMatch(JSON.stringify(scraping), /hunter2/);
  for (const way of WAYS) {
    const text = renderScrapeConfig(setup(EVERYTHING), { way, vmagent: false });
    assert.doesNotMatch(text, /hunter2/);
  }
});

Deno.test("the API tells what the file does", { permissions: READS_YAML }, () => {
  for (const yaml of [PLAIN, BY_CONSUL, EVERYTHING]) {
    const { scraping } = setup(yaml);
    assert.deepEqual(scrapingView.parse(JSON.parse(JSON.stringify(scraping))), scraping);
  }
});

const ADDRESSES: readonly [listen: string, url: string][] = [
  [":9293", "http://localhost:9293"],
  ["0.0.0.0:9292", "http://localhost:9292"],
  ["[::]:9292", "http://localhost:9292"],
  ["10.0.0.9:9292", "http://10.0.0.9:9292"],
  ["[2001:db8::1]:9292", "http://[2001:db8::1]:9292"],
];
for (const [listen, url] of ADDRESSES) {
  Deno.test(`a service that listens on ${listen} is found at ${url}`, async () => {
    const file = await Deno.makeTempFile({ suffix: ".yml" });
    try {
      await Deno.writeTextFile(file, `http_listen_addr: "${listen}"\n${PLAIN}\n`);
      const found = await setupOfFile(file, () => undefined);
      assert.deepEqual([found.service, found.source], [{ url }, file]);
    } finally {
      await Deno.remove(file);
    }
  });
}
