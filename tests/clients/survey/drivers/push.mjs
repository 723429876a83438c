// Pushes once with a library, under Node, Deno or Bun: LIBRARY METHOD URL BODY FILE [follow]. BODY says how
// the content of FILE is given to the library. Prints the status or the error that its caller sees. PACKAGE
// in the environment is the name under which the library is installed.
import { createReadStream, readFileSync, statSync } from "node:fs";
import http from "node:http";
import process from "node:process";
import { Readable } from "node:stream";

const [library, method, url, kind, path, follow] = process.argv.slice(2);
const { PACKAGE } = process.env;
const lower = method.toLowerCase();
const headers = { "content-type": "text/plain" };

async function load() {
  const module = await import(PACKAGE);
  return module.default ?? module;
}

/** What Node's own libraries take: a stream of Node's. */
function nodeBody() {
  switch (kind) {
    case "text":
      return readFileSync(path, "utf8");
    case "bytes":
      return readFileSync(path);
    default: // a file is a stream that tells its length
      if (kind === "file") headers["content-length"] = String(statSync(path).size);
      return createReadStream(path);
  }
}

/** What `fetch` takes: a stream of the web's. */
async function webBody() {
  switch (kind) {
    case "text":
      return { body: readFileSync(path, "utf8") };
    case "bytes":
      return { body: new Uint8Array(readFileSync(path)) };
    case "file": {
      const { openAsBlob } = await import("node:fs");
      return { body: await openAsBlob(path) };
    }
    default:
      return { body: Readable.toWeb(createReadStream(path)), duplex: "half" };
  }
}

function withHttp() {
  return new Promise((resolve, reject) => {
    const body = nodeBody();
    const request = http.request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
    if (typeof body.pipe === "function") body.pipe(request);
    else request.end(body);
  });
}

async function withFetch(fetch = globalThis.fetch) {
  const response = await fetch(url, { method, headers, ...await webBody() });
  await response.text();
  return response.status;
}

const libraries = {
  http: withHttp,
  fetch: () => withFetch(),
  "fetch of the package": async () => withFetch((await import(PACKAGE)).fetch),
  "prom-client": async () => {
    const { Gauge, Pushgateway, Registry } = await load();
    const registry = new Registry();
    new Gauge({ name: "pushed", help: "Pushed by a test.", registers: [registry] }).set(1);
    const gateway = new Pushgateway(new URL(url).origin, {}, registry);
    const push = (name) => (method === "PUT" ? gateway.push(name) : gateway.pushAdd(name));
    await push({ jobName: "survey" });
    return "none";
  },
  axios: async () => (await (await load())({ method, url, headers, data: nodeBody() })).status,
  got: async () => {
    const got = await load();
    return (await (got.got ?? got)(url, { method, headers, body: nodeBody() })).statusCode;
  },
  ky: async () => (await (await load())(url, { method, headers, ...await webBody() })).status,
  ofetch: async () => {
    const { ofetch } = await import(PACKAGE);
    return (await ofetch.raw(url, { method, headers, ...await webBody() })).status;
  },
  wretch: async () => {
    const wretch = await load();
    const { body, ...more } = await webBody();
    return (await wretch(url, more).headers(headers)[lower](body).res()).status;
  },
  superagent: async () => (await (await load())[lower](url).set(headers).send(nodeBody())).status,
  needle: async () => {
    const needle = await load();
    const options = { headers, ...follow && { follow_max: 3, follow_keep_method: true } };
    return (await needle(lower, url, nodeBody(), options)).statusCode;
  },
  "node-fetch": async () => {
    const fetch = await load();
    return (await fetch(url, { method, headers, body: nodeBody() })).status;
  },
  "undici.request": async () => {
    const { Agent, interceptors, request } = await import(PACKAGE);
    const dispatcher = follow &&
      new Agent().compose(interceptors.redirect({ maxRedirections: 3 }));
    return (await request(url, { method, headers, body: nodeBody(), dispatcher })).statusCode;
  },
  request: async () => {
    const request = await load();
    return await new Promise((resolve, reject) => {
      const options = { method, url, headers, body: nodeBody(), followAllRedirects: !!follow };
      request(options, (error, response) => error ? reject(error) : resolve(response.statusCode));
    });
  },
  phin: async () => {
    const phin = await load();
    const options = { url, method, headers, data: nodeBody() };
    return (await (phin.phin ?? phin)(options)).statusCode;
  },
  bent: async () => {
    const bent = await load();
    return (await bent(method, 200)(url, nodeBody(), headers)).status ?? 200;
  },
  wreck: async () => {
    const wreck = await load();
    const options = { headers, payload: nodeBody(), ...follow && { redirects: 3 } };
    return (await wreck.request(method, url, options)).statusCode;
  },
  urllib: async () => {
    const { request } = await import(PACKAGE);
    const body = kind === "stream" ? { stream: nodeBody() } : { content: nodeBody() };
    return (await request(url, { method, headers, ...body })).status;
  },
  "make-fetch-happen": async () => {
    const fetch = await load();
    return (await fetch(url, { method, headers, body: nodeBody(), retry: false })).status;
  },
  gaxios: async () => {
    const { request } = await import(PACKAGE);
    return (await request({ url, method, headers, data: nodeBody(), retry: false })).status;
  },
  "teeny-request": async () => {
    const { teenyRequest } = await import(PACKAGE);
    return await new Promise((resolve, reject) => {
      teenyRequest(
        { uri: url, method, headers, body: nodeBody() },
        (error, response) => error ? reject(error) : resolve(response.statusCode),
      );
    });
  },
  centra: async () => {
    const centra = await load();
    return (await centra(url, method).header(headers).body(nodeBody()).send()).statusCode;
  },
  "simple-get": async () => {
    const get = await load();
    return await new Promise((resolve, reject) => {
      get(
        { url, method, headers, body: nodeBody(), timeout: 3_000 },
        (error, response) => error ? reject(error) : resolve(response.statusCode),
      );
    });
  },
  "typed-rest-client": async () => {
    const { HttpClient } = await import(`${PACKAGE}/HttpClient.js`);
    const client = new HttpClient("survey");
    return (await client[lower](url, nodeBody(), headers)).message.statusCode;
  },
};

try {
  console.log("status", await libraries[library]());
} catch (error) {
  const { name, message, cause } = error;
  const why = cause?.message ? `: ${cause.message}` : "";
  console.log("error", `${name}: ${message}${why}`.replaceAll(/\s+/g, " "));
}
process.exit();
