/** Which programs there are to run against, and where each comes from. @module */

/** The names of all components. */
export type ComponentName = keyof typeof RECIPES;

/** How to get one component. */
export interface Recipe {
  /** What the program may be called on the PATH; nothing for a library, which is always fetched. */
  readonly commands: readonly string[];
  readonly feature?: Feature;
  readonly package: string;
  /** Packages that are unpacked beside it. Its shared libraries need no mention. */
  readonly with?: readonly string[];
  /** The version wanted from COMPONENTS_DEBS, where two components are one package. */
  readonly version?: RegExp;
  /** Debian's suite; absent for that of the machine. */
  readonly suite?: string;
  /** Whether the suite is newer than the machine, so that its C library is needed as well. */
  readonly newer?: boolean;
  /** Path of the program, or of a library's own file; `*` stands for any part of a name. */
  readonly program: string;
  /** Environment variables that lead to what was unpacked, as paths like `program`. */
  readonly env?: Readonly<Record<string, readonly string[]>>;
  /**
   * Makes it print its version, and what that looks like: the unpacked program must run here.
   * Absent for a library.
   */
  readonly check?: { readonly args: readonly string[]; readonly says: RegExp };
}

/** What not every build has: builds with it contain a text, or take arguments that others refuse. */
export type Feature =
  | { readonly name: string; readonly mark: string }
  | { readonly name: string; readonly args: readonly string[] };

/** Every component and how to get it. */
export const RECIPES = {
  // The last release of Debian that has Consul.
  consul: {
    commands: ["consul"],
    package: "consul",
    suite: "bullseye",
    program: "usr/bin/consul",
    check: { args: ["version"], says: /Consul v1/ },
  },
  pushgateway: {
    commands: ["pushgateway", "prometheus-pushgateway"],
    feature: { name: "UTF-8 names", mark: "push.enable-utf8-names" },
    package: "prometheus-pushgateway",
    suite: "sid",
    program: "usr/bin/prometheus-pushgateway",
    check: { args: ["--version"], says: /pushgateway, version/ },
  },
  // Older versions, for fleets of several.
  "pushgateway-1.4": {
    commands: [],
    package: "prometheus-pushgateway",
    version: /^1\.4\./,
    suite: "bullseye",
    program: "usr/bin/prometheus-pushgateway",
    check: { args: ["--version"], says: /pushgateway, version 1\.4/ },
  },
  "pushgateway-1.5": {
    commands: [],
    package: "prometheus-pushgateway",
    version: /^1\.5\./,
    suite: "bookworm",
    program: "usr/bin/prometheus-pushgateway",
    check: { args: ["--version"], says: /pushgateway, version 1\.5/ },
  },
  "pushgateway-1.11.0": {
    commands: [],
    package: "prometheus-pushgateway",
    version: /^1\.11\.0/,
    suite: "trixie",
    program: "usr/bin/prometheus-pushgateway",
    check: { args: ["--version"], says: /pushgateway, version 1\.11\.0/ },
  },
  prometheus: {
    commands: ["prometheus"],
    feature: { name: "http_sd", mark: "__meta_url" },
    package: "prometheus",
    version: /^3\./,
    suite: "sid",
    program: "usr/bin/prometheus",
    check: { args: ["--version"], says: /prometheus, version/ },
  },
  // Debian's later builds leave consul_sd out.
  "prometheus-consul": {
    commands: ["prometheus"],
    feature: { name: "consul_sd", mark: "__meta_consul_" },
    package: "prometheus",
    version: /^2\.(?:[0-9]|[123][0-9])\./,
    suite: "bullseye",
    program: "usr/bin/prometheus",
    check: { args: ["--version"], says: /prometheus, version/ },
  },
  // Other versions, for what each scraper makes of the same.
  "prometheus-2.42": {
    commands: [],
    package: "prometheus",
    version: /^2\.42\./,
    suite: "bookworm",
    program: "usr/bin/prometheus",
    check: { args: ["--version"], says: /prometheus, version 2\.42/ },
  },
  "prometheus-2.53": {
    commands: [],
    package: "prometheus",
    version: /^2\.53\./,
    suite: "trixie",
    program: "usr/bin/prometheus",
    check: { args: ["--version"], says: /prometheus, version 2\.53/ },
  },
  promtool: {
    commands: ["promtool"],
    feature: { name: "http_sd", mark: "__meta_url" },
    package: "promtool",
    suite: "sid",
    program: "usr/bin/promtool",
    check: { args: ["--version"], says: /promtool, version/ },
  },
  "promtool-consul": {
    commands: ["promtool"],
    feature: { name: "consul_sd", mark: "__meta_consul_" },
    package: "prometheus",
    version: /^2\.(?:[0-9]|[123][0-9])\./,
    suite: "bullseye",
    program: "usr/bin/promtool",
    check: { args: ["--version"], says: /promtool, version/ },
  },
  "victoria-metrics": {
    commands: ["victoria-metrics"],
    package: "victoria-metrics",
    version: /^1\.1/,
    suite: "sid",
    program: "usr/bin/victoria-metrics",
    check: { args: ["-help"], says: /^victoria-metrics is/m },
  },
  "victoria-metrics-1.79": {
    commands: [],
    package: "victoria-metrics",
    version: /^1\.79\./,
    suite: "bookworm",
    program: "usr/bin/victoria-metrics",
    check: { args: ["-help"], says: /^victoria-metrics is/m },
  },
  "victoria-metrics-1.112": {
    commands: [],
    package: "victoria-metrics",
    version: /^1\.112\./,
    suite: "trixie",
    program: "usr/bin/victoria-metrics",
    check: { args: ["-help"], says: /^victoria-metrics is/m },
  },
  vmagent: {
    commands: ["vmagent"],
    package: "victoria-metrics",
    version: /^1\.1/,
    suite: "sid",
    program: "usr/bin/vmagent",
    check: { args: ["-help"], says: /^vmagent collects/m },
  },
  "vmagent-1.79": {
    commands: [],
    package: "victoria-metrics",
    version: /^1\.79\./,
    suite: "bookworm",
    program: "usr/bin/vmagent",
    check: { args: ["-help"], says: /^vmagent collects/m },
  },
  openssl: {
    commands: ["openssl"],
    package: "openssl",
    program: "usr/bin/openssl",
    env: { OPENSSL_CONF: ["etc/ssl/openssl.cnf"] },
    check: { args: ["version"], says: /^OpenSSL [3-9]/ },
  },
  wrk: {
    commands: ["wrk"],
    package: "wrk",
    program: "usr/bin/wrk",
    check: { args: ["-v"], says: /Copyright \(C\)/ },
  },
  nginx: {
    commands: ["nginx"],
    package: "nginx",
    program: "usr/sbin/nginx",
    check: { args: ["-v"], says: /nginx version/ },
  },
  nsd: {
    commands: ["nsd"],
    package: "nsd",
    program: "usr/sbin/nsd",
    check: { args: ["-v"], says: /NSD version 4/ },
  },
  haproxy: {
    commands: ["haproxy"],
    package: "haproxy",
    program: "usr/sbin/haproxy",
    check: { args: ["-v"], says: /HAProxy version/ },
  },
  // Its modules lie beside it, in `../lib/apache2/modules`.
  apache: {
    commands: ["apache2"],
    package: "apache2-bin",
    program: "usr/sbin/apache2",
    check: { args: ["-v"], says: /Apache\/2/ },
  },
  caddy: {
    commands: ["caddy"],
    package: "caddy",
    program: "usr/bin/caddy",
    check: { args: ["version"], says: /^v?2\./ },
  },
  // Its tables, icons and texts lie beside it, in `../../etc/squid` and `../share/squid`.
  squid: {
    commands: ["squid"],
    package: "squid",
    with: ["squid-common", "squid-langpack"],
    program: "usr/sbin/squid",
    check: { args: ["-v"], says: /Squid Cache: Version/ },
  },
  stunnel: {
    commands: ["stunnel4", "stunnel"],
    package: "stunnel4",
    program: "usr/bin/stunnel4",
    check: { args: ["-version"], says: /stunnel 5/ },
  },
  // The newest of those that may stand before the service.
  "nginx-sid": {
    commands: [],
    package: "nginx",
    suite: "sid",
    newer: true,
    program: "usr/sbin/nginx",
    check: { args: ["-v"], says: /nginx version/ },
  },
  "haproxy-sid": {
    commands: [],
    package: "haproxy",
    suite: "sid",
    newer: true,
    program: "usr/sbin/haproxy",
    check: { args: ["-v"], says: /HAProxy version/ },
  },
  "apache-sid": {
    commands: [],
    package: "apache2-bin",
    suite: "sid",
    newer: true,
    program: "usr/sbin/apache2",
    check: { args: ["-v"], says: /Apache\/2/ },
  },
  "caddy-sid": {
    commands: [],
    package: "caddy",
    suite: "sid",
    program: "usr/bin/caddy",
    check: { args: ["version"], says: /^v?2\./ },
  },
  "squid-sid": {
    commands: [],
    package: "squid",
    with: ["squid-common", "squid-langpack"],
    suite: "sid",
    newer: true,
    program: "usr/sbin/squid-gnutls",
    check: { args: ["-v"], says: /Squid Cache: Version/ },
  },
  "stunnel-sid": {
    commands: [],
    package: "stunnel",
    suite: "sid",
    newer: true,
    program: "usr/bin/stunnel",
    check: { args: ["-version"], says: /stunnel 5/ },
  },
  // Without a font it draws no text. Its own sandbox needs rights that a container does not give.
  chromium: {
    commands: ["chromium"],
    package: "chromium",
    with: ["chromium-common", "fonts-dejavu-core", "fontconfig-config"],
    program: "usr/lib/chromium/chromium",
    env: { FONTCONFIG_PATH: ["etc/fonts"], XDG_DATA_HOME: ["usr/share"] },
    check: { args: ["--no-sandbox", "--version"], says: /^Chromium / },
  },
  // From here on, what the tests with real clients run. A suite pins the version that they measure.
  curl: {
    commands: ["curl"],
    feature: { name: "HTTP/2", args: ["--http2", "--version"] },
    package: "curl",
    program: "usr/bin/curl",
    check: { args: ["--version"], says: /^curl / },
  },
  wget: {
    commands: ["wget"],
    package: "wget",
    program: "usr/bin/wget",
    check: { args: ["--version"], says: /GNU Wget/ },
  },
  python: {
    commands: ["python3"],
    package: "python3.11-minimal",
    with: ["libpython3.11-minimal", "libpython3.11-stdlib"],
    suite: "bookworm",
    program: "usr/bin/python3.11",
    check: { args: ["-c", "import sys, urllib.request; print(sys.version)"], says: /^3\.11/ },
  },
  "python-prometheus-client": {
    commands: [],
    package: "python3-prometheus-client",
    with: ["python3-decorator"],
    suite: "bookworm",
    program: "usr/lib/python3/dist-packages/prometheus_client/exposition.py",
    env: { PYTHONPATH: ["usr/lib/python3/dist-packages"] },
  },
  "python-requests": {
    commands: [],
    package: "python3-requests",
    with: ["python3-certifi", "python3-chardet", "python3-idna", "python3-urllib3", "python3-six"],
    suite: "bookworm",
    program: "usr/lib/python3/dist-packages/requests/api.py",
    env: { PYTHONPATH: ["usr/lib/python3/dist-packages"] },
  },
  go: {
    commands: ["go"],
    package: "golang-1.19-go",
    with: ["golang-1.19-src"],
    suite: "bookworm",
    program: "usr/lib/go-1.19/bin/go",
    check: { args: ["version"], says: /^go version go1/ },
  },
  "go-prometheus-client": {
    commands: [],
    package: "golang-github-prometheus-client-golang-dev",
    with: [
      "golang-github-beorn7-perks-dev",
      "golang-github-cespare-xxhash-dev",
      "golang-github-golang-protobuf-1-5-dev",
      "golang-github-prometheus-client-model-dev",
      "golang-github-prometheus-common-dev",
      "golang-github-prometheus-procfs-dev",
      "golang-golang-x-sys-dev",
      "golang-google-protobuf-dev",
      "golang-protobuf-extensions-dev",
    ],
    suite: "bookworm",
    program: "usr/share/gocode/src/github.com/prometheus/client_golang/prometheus/push/push.go",
    env: { GOPATH: ["usr/share/gocode"] },
  },
  // Debian's JRE holds the compiler too, which runs a source file.
  java: {
    commands: ["java"],
    feature: { name: "jdk.compiler", args: ["--describe-module", "jdk.compiler"] },
    package: "openjdk-17-jre-headless",
    suite: "bookworm",
    program: "usr/lib/jvm/java-17-*/bin/java",
    check: { args: ["--version"], says: /^openjdk 17/ },
  },
  perl: {
    commands: ["perl"],
    feature: { name: "HTTP::Tiny", args: ["-MHTTP::Tiny", "-e", "1"] },
    package: "perl-base",
    with: ["perl-modules-5.36"],
    suite: "bookworm",
    program: "usr/bin/perl",
    env: { PERL5LIB: ["usr/lib/*/perl-base", "usr/share/perl/5.36.0"] },
    check: { args: ["--version"], says: /perl 5/ },
  },
  ruby: {
    commands: ["ruby"],
    package: "ruby3.1",
    with: ["libruby3.1"],
    suite: "bookworm",
    program: "usr/bin/ruby3.1",
    env: { RUBYLIB: ["usr/lib/ruby/3.1.0", "usr/lib/*/ruby/3.1.0"] },
    check: { args: ["--disable-gems", "-rnet/http", "-e", "puts Net::HTTP"], says: /^Net::HTTP/ },
  },
} as const satisfies Record<string, Recipe>;

/** What must be on the PATH for a component, in words. */
export function describeNeed(name: ComponentName): string {
  const { commands, feature, package: packageName }: Recipe = RECIPES[name];
  const need = commands[0] ?? `Debian's ${packageName}`;
  return feature ? `${need} with ${feature.name}` : need;
}
