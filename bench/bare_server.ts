/**
 * The least that a redirect costs on `Deno.serve`: what the service is measured against.
 *
 *     deno run --allow-net bench/bare_server.ts PORT HOST:PORT
 *
 * @module
 */

const [port, member] = Deno.args;

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, (request) => {
  const { url } = request;
  const path = url.slice(url.indexOf("/", "http://".length));
  return new Response(null, { status: 307, headers: [["location", `http://${member}${path}`]] });
});
