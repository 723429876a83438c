/** The clients that Debian packages, by what runs them. @module */

import { BODIES, type Body, type Method } from "./survey.ts";

/** Suites that clients are taken from: an old one that is still looked after, and the newest. */
export const SUITES = ["bookworm", "sid"] as const;
export type Suite = typeof SUITES[number];

/** What one driver runs: the libraries of one language, as a rule. */
export interface Family {
  readonly language: string;
  /** What runs the driver, and the driver. */
  readonly program: Readonly<Record<Suite, readonly string[]>>;
  /** What is run before its clients, each time. */
  readonly build?: readonly string[];
  /** What the driver itself needs. The first names the version of what comes with the language. */
  readonly packages: Readonly<Record<Suite, readonly string[]>>;
  readonly clients: readonly DebianClient[];
}

/** A client as it is packaged. */
export interface DebianClient {
  readonly name: string;
  /** What the driver calls it. */
  readonly library: string;
  /** The package that names its version, and others; none for what comes with the language. */
  readonly packages: readonly string[];
  readonly bodies: readonly Body[];
  /** Absent for PUT and POST. */
  readonly methods?: readonly Method[];
  /** What makes it follow a 307, as its users write it. */
  readonly setting?: string;
  /** How often it makes each push, where what becomes of one differs from try to try; 1 by default. */
  readonly tries?: number;
  /** Absent for one that both suites have. */
  readonly suite?: Suite;
}

const both = (...words: string[]) => ({ bookworm: words, sid: words });

// What is installed with it, and switched on by its installer.
const PHP_EXTENSIONS = ["curl", "ctype", "iconv", "mbstring", "tokenizer"];

function php(version: string): string[] {
  const extensions = PHP_EXTENSIONS.flatMap((name) => ["-d", `extension=${name}`]);
  return [`php${version}`, "-n", ...extensions, "/drivers/push.php"];
}

// The libraries come from GOPATH, and nothing from the network.
const GO = [
  "env",
  "GO111MODULE=off",
  "GOPATH=/usr/share/gocode",
  "GOCACHE=/tmp/go-cache",
  "GOTOOLCHAIN=local",
  "CGO_ENABLED=0",
  "go",
];

const BUILD_CPP = "g++ -std=c++17 -o /tmp/push-cpp /drivers/push.cpp " +
  "$(pkgconf --cflags --libs cpp-httplib) -lprometheus-cpp-push -lprometheus-cpp-core -lcurl " +
  "-lcpprest -lPocoNet -lPocoFoundation -lssl -lcrypto -lpthread";

const JAVA = { bookworm: ["openjdk-17-jre-headless"], sid: ["openjdk-25-jre-headless"] };

/** Runs a source file, with libraries that Debian puts where all of them are. */
function java(source: string, ...libraries: string[]): Family["program"] {
  const jars = libraries.map((name) => `/usr/share/java/${name}.jar`).join(":");
  const program = (version: string) => [
    `/usr/lib/jvm/java-${version}-openjdk-amd64/bin/java`,
    "-XX:TieredStopAtLevel=1",
    ...(jars === "" ? [] : ["-cp", jars]),
    `/drivers/${source}.java`,
  ];
  return { bookworm: program("17"), sid: program("25") };
}

export const FAMILIES: readonly Family[] = [
  {
    language: "Command line",
    program: both("sh", "/drivers/push.sh"),
    packages: both("dash"),
    clients: [
      {
        name: "curl",
        library: "curl",
        packages: ["curl"],
        bodies: ["text", "file", "stream"],
        setting: "`-L`",
      },
      { name: "wget", library: "wget", packages: ["wget"], bodies: ["text", "file"] },
      {
        name: "wget2",
        library: "wget2",
        packages: ["wget2"],
        bodies: ["text", "file"],
        suite: "sid", // the other one's has no --method
      },
      {
        name: "BusyBox wget",
        library: "busybox",
        packages: ["busybox"],
        bodies: ["text", "file"],
        methods: ["POST"],
      },
      {
        name: "HTTPie",
        library: "httpie",
        packages: ["httpie"],
        bodies: ["text", "file"],
        setting: "`--follow`",
      },
      {
        name: "xh",
        library: "xh",
        packages: ["xh"],
        bodies: ["text", "file"],
        setting: "`--follow`",
        suite: "sid",
      },
      {
        name: "Hurl",
        library: "hurl",
        packages: ["hurl"],
        bodies: ["text"],
        setting: "`--location`",
        suite: "sid",
      },
    ],
  },
  {
    language: "Python",
    program: both("python3", "-B", "/drivers/push.py"),
    packages: both("python3"),
    clients: [
      {
        name: "prometheus_client",
        library: "prometheus_client",
        packages: ["python3-prometheus-client"],
        bodies: ["text"],
      },
      { name: "requests", library: "requests", packages: ["python3-requests"], bodies: BODIES },
      { name: "urllib", library: "urllib", packages: [], bodies: ["bytes", "file", "stream"] },
      { name: "http.client", library: "http.client", packages: [], bodies: BODIES },
      { name: "urllib3", library: "urllib3", packages: ["python3-urllib3"], bodies: BODIES },
      {
        name: "httpx",
        library: "httpx",
        packages: ["python3-httpx"],
        bodies: BODIES,
        setting: "`follow_redirects=True`",
      },
      {
        name: "httplib2",
        library: "httplib2",
        packages: ["python3-httplib2"],
        bodies: ["text", "bytes", "file"],
        setting: "`follow_all_redirects = True`",
      },
      {
        name: "aiohttp",
        library: "aiohttp",
        packages: ["python3-aiohttp"],
        bodies: BODIES,
        tries: 12,
      },
      {
        name: "tornado",
        library: "tornado",
        packages: ["python3-tornado"],
        bodies: ["text", "bytes", "stream"],
      },
      {
        name: "tornado with curl",
        library: "tornado-curl",
        packages: ["python3-tornado", "python3-pycurl"],
        bodies: ["text", "bytes"],
      },
      {
        name: "treq",
        library: "treq",
        packages: ["python3-treq"],
        bodies: ["bytes", "file"],
      },
      {
        name: "pycurl",
        library: "pycurl",
        packages: ["python3-pycurl"],
        bodies: ["text", "bytes", "file"],
        setting: "`FOLLOWLOCATION`",
      },
    ],
  },
  {
    language: "Perl",
    program: both("perl", "/drivers/push.pl"),
    packages: both("perl"),
    clients: [
      { name: "HTTP::Tiny", library: "HTTP::Tiny", packages: [], bodies: ["text", "stream"] },
      {
        name: "LWP",
        library: "LWP",
        packages: ["libwww-perl"],
        bodies: ["text", "stream"],
        setting: "`requests_redirectable`",
      },
      {
        name: "Mojo::UserAgent",
        library: "Mojo",
        packages: ["libmojolicious-perl"],
        bodies: ["text", "file"],
        setting: "`max_redirects`",
      },
      { name: "Furl", library: "Furl", packages: ["libfurl-perl"], bodies: ["text", "file"] },
      {
        name: "REST::Client",
        library: "REST::Client",
        packages: ["librest-client-perl"],
        bodies: ["text"],
      },
      {
        name: "Net::Async::HTTP",
        library: "Net::Async::HTTP",
        packages: ["libnet-async-http-perl"],
        bodies: ["text"],
      },
      {
        name: "AnyEvent::HTTP",
        library: "AnyEvent::HTTP",
        packages: ["libanyevent-http-perl"],
        bodies: ["text"],
      },
    ],
  },
  {
    language: "Ruby",
    program: both("ruby", "/drivers/push.rb"),
    packages: { bookworm: ["ruby3.1", "ruby"], sid: ["ruby3.3", "ruby"] },
    clients: [
      {
        name: "Net::HTTP",
        library: "Net::HTTP",
        packages: [],
        bodies: ["text", "file", "stream"],
      },
      {
        name: "Faraday",
        library: "Faraday",
        packages: ["ruby-faraday"],
        bodies: ["text"],
      },
      {
        name: "HTTParty",
        library: "HTTParty",
        packages: ["ruby-httparty"],
        bodies: ["text", "stream"],
      },
      {
        name: "rest-client",
        library: "RestClient",
        packages: ["ruby-rest-client"],
        bodies: ["text", "file"],
      },
      {
        name: "http.rb",
        library: "HTTP.rb",
        packages: ["ruby-http"],
        bodies: ["text", "file"],
        setting: "`.follow`",
      },
      {
        name: "Typhoeus",
        library: "Typhoeus",
        packages: ["ruby-typhoeus"],
        bodies: ["text"],
        setting: "`followlocation: true`",
      },
      {
        name: "Excon",
        library: "Excon",
        packages: ["ruby-excon"],
        bodies: ["text", "file"],
        setting: "`Excon::Middleware::RedirectFollower`",
      },
      {
        name: "HTTPClient",
        library: "HTTPClient",
        packages: ["ruby-httpclient"],
        bodies: ["text", "file"],
        setting: "`follow_redirect: true`",
      },
      {
        name: "HTTPX",
        library: "HTTPX",
        packages: ["ruby-httpx"],
        bodies: ["text", "file"],
        setting: "`plugin(:follow_redirects)`",
        suite: "sid",
      },
    ],
  },
  {
    language: "PHP",
    program: { bookworm: php("8.2"), sid: php("8.4") },
    packages: { bookworm: ["php8.2-cli", "php8.2-curl"], sid: ["php8.4-cli", "php8.4-curl"] },
    clients: [
      { name: "streams", library: "streams", packages: [], bodies: ["text"] },
      {
        name: "curl",
        library: "curl",
        packages: [],
        bodies: ["text", "file"],
        setting: "`CURLOPT_FOLLOWLOCATION`",
      },
      {
        name: "Guzzle",
        library: "guzzle",
        packages: ["php-guzzlehttp-guzzle"],
        bodies: ["text", "file", "stream"],
      },
      {
        name: "Symfony HttpClient",
        library: "symfony",
        packages: ["php-symfony-http-client"],
        bodies: ["text", "file", "stream"],
      },
      {
        name: "Symfony HttpClient without curl",
        library: "symfony-native",
        packages: ["php-symfony-http-client"],
        bodies: ["text", "file", "stream"],
      },
    ],
  },
  {
    language: "Java",
    program: java("Push"),
    packages: JAVA,
    clients: [
      {
        name: "HttpURLConnection",
        library: "HttpURLConnection",
        packages: [],
        bodies: ["bytes", "file", "stream"],
      },
      {
        name: "HttpClient",
        library: "HttpClient",
        packages: [],
        bodies: BODIES,
        setting: "`followRedirects(NORMAL)`",
      },
    ],
  },
  {
    language: "Go",
    program: both("/tmp/push-go"),
    build: [...GO, "build", "-o", "/tmp/push-go", "/drivers/push.go"],
    packages: both("golang-go"),
    clients: [
      { name: "net/http", library: "net/http", packages: [], bodies: BODIES },
      {
        name: "client_golang",
        library: "client_golang",
        packages: ["golang-github-prometheus-client-golang-dev"],
        bodies: ["text"],
      },
      {
        name: "go-retryablehttp",
        library: "retryablehttp",
        packages: ["golang-github-hashicorp-go-retryablehttp-dev"],
        bodies: ["text", "bytes", "file", "stream"],
      },
      {
        name: "fasthttp",
        library: "fasthttp",
        packages: ["golang-github-valyala-fasthttp-dev"],
        bodies: ["bytes"],
        setting: "`DoRedirects`",
      },
    ],
  },
  {
    language: "Go",
    program: both("/tmp/push-resty"),
    build: [...GO, "build", "-o", "/tmp/push-resty", "/drivers/push_resty.go"],
    packages: both("golang-go"),
    clients: [
      {
        name: "resty",
        library: "resty",
        packages: ["golang-github-go-resty-resty-dev"],
        bodies: ["text", "bytes", "file"],
        suite: "sid",
      },
    ],
  },
  {
    language: "Java",
    program: java("PushApache4", "httpclient", "httpcore", "commons-logging", "commons-codec"),
    packages: JAVA,
    clients: [
      {
        name: "Apache HttpClient 4",
        library: "",
        packages: ["libhttpclient-java"],
        bodies: BODIES,
      },
    ],
  },
  {
    language: "Java",
    program: java(
      "PushApache5",
      "httpclient5",
      "httpcore5",
      "httpcore5-h2",
      "slf4j-api",
      "commons-codec",
    ),
    packages: JAVA,
    clients: [
      {
        name: "Apache HttpClient 5",
        library: "",
        packages: ["libhttpclient5-java"],
        bodies: BODIES,
        suite: "sid",
      },
    ],
  },
  {
    language: "Java",
    program: java("PushOkHttp", "okhttp", "okio"),
    packages: JAVA,
    clients: [
      {
        name: "OkHttp",
        library: "",
        packages: ["libokhttp-java"],
        bodies: ["text", "bytes", "file"],
      },
    ],
  },
  {
    language: "C and C++",
    program: both("/tmp/push-cpp"),
    build: ["sh", "-c", BUILD_CPP],
    packages: both("g++", "libc6-dev", "pkgconf"),
    clients: [
      {
        name: "prometheus-cpp",
        library: "prometheus-cpp",
        packages: ["prometheus-cpp-dev"],
        bodies: ["text"],
      },
      {
        name: "libcurl",
        library: "libcurl",
        packages: ["libcurl4-openssl-dev"],
        bodies: ["text"],
        setting: "`CURLOPT_FOLLOWLOCATION`",
      },
      {
        name: "cpp-httplib",
        library: "cpp-httplib",
        packages: ["libcpp-httplib-dev", "zlib1g-dev", "libbrotli-dev", "libzstd-dev"],
        bodies: ["text"],
        setting: "`set_follow_location`",
      },
      {
        name: "C++ REST SDK",
        library: "cpprest",
        packages: ["libcpprest-dev", "libssl-dev"],
        bodies: ["text"],
      },
      { name: "POCO", library: "poco", packages: ["libpoco-dev"], bodies: ["text"] },
    ],
  },
  {
    language: "R",
    program: both(
      "env",
      "EDITOR=none",
      "R_LIBS=/usr/lib/R/site-library",
      "LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/blas:/usr/lib/x86_64-linux-gnu/lapack",
      "Rscript",
      "/drivers/push.R",
    ),
    packages: both("r-base-core", "bash", "debianutils", "grep", "sed"),
    build: ["ln", "-sfn", "which.debianutils", "/usr/bin/which"], // an alternative, which nobody has chosen
    clients: [
      {
        name: "httr",
        library: "httr",
        packages: ["r-cran-httr"],
        bodies: ["text", "file"],
      },
      {
        name: "httr2",
        library: "httr2",
        packages: ["r-cran-httr2"],
        bodies: ["text", "file"],
      },
      { name: "curl", library: "curl", packages: ["r-cran-curl"], bodies: ["text"] },
    ],
  },
  {
    language: "Tcl",
    program: both("tclsh8.6", "/drivers/push.tcl"),
    packages: both("tcl8.6"),
    clients: [{ name: "http", library: "", packages: [], bodies: ["text", "file"] }],
  },
  {
    language: "Lua",
    program: both("lua5.4", "/drivers/push.lua"),
    packages: both("lua5.4"),
    clients: [
      { name: "LuaSocket", library: "", packages: ["lua-socket"], bodies: ["text", "stream"] },
    ],
  },
  {
    language: "Erlang",
    program: both("escript", "/drivers/push.escript"),
    packages: both("erlang-base", "erlang-inets"),
    clients: [{ name: "httpc", library: "", packages: ["erlang-inets"], bodies: ["bytes"] }],
  },
  {
    language: "Guile",
    program: both("guile-3.0", "--no-auto-compile", "/drivers/push.scm"),
    packages: both("guile-3.0"),
    clients: [{ name: "web client", library: "", packages: [], bodies: ["text", "bytes"] }],
  },
  {
    language: "Emacs",
    program: both("emacs-nox", "--batch", "--load", "/drivers/push.el"),
    packages: both("emacs-nox"),
    clients: [{ name: "url.el", library: "", packages: [], bodies: ["bytes"] }],
  },
  {
    language: "SWI-Prolog",
    program: both("swipl", "/drivers/push.pro"),
    packages: both("swi-prolog-nox"),
    clients: [{ name: "http_open", library: "", packages: [], bodies: ["text", "file"] }],
  },
  {
    language: "Racket",
    program: both("racket", "/drivers/push.rkt"),
    packages: both("racket"),
    clients: [{ name: "net/url", library: "", packages: [], bodies: ["bytes"] }],
  },
  {
    language: "Nim",
    program: both("/tmp/push-nim"),
    build: [
      ...["nim", "compile", "--hints:off", "--nimcache:/tmp/nim-cache", "--out:/tmp/push-nim"],
      "/drivers/push.nim",
    ],
    packages: both("nim", "gcc", "libc6-dev"),
    clients: [{ name: "httpclient", library: "", packages: [], bodies: ["text"] }],
  },
  {
    language: "Go",
    program: both("/tmp/push-victoria"),
    build: [...GO, "build", "-o", "/tmp/push-victoria", "/drivers/push_victoria.go"],
    packages: both("golang-go"),
    clients: [
      {
        name: "VictoriaMetrics/metrics",
        library: "",
        packages: ["golang-github-victoriametrics-metrics-dev"],
        bodies: ["text"],
        suite: "sid",
      },
    ],
  },
];
