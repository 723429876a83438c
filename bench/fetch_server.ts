/**
 * What passing a push on costs with `Deno.serve` and `fetch` and nothing else: no ring, no limits,
 * no metrics. The service's own way to the members is measured against it.
 *
 *     deno run --allow-net bench/fetch_server.ts PORT HOST:PORT…
 *
 * @module
 */

const [port, ...members] = Deno.args;
let turn = 0;

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, async (request) => {
  const { url, method, headers, body } = request;
  const path = url.slice(url.indexOf("/", "http://".length));
  turn = (turn + 1) % members.length;
  return await fetch(`http://${members[turn]}${path}`, {
    method,
    headers,
    body: body && await request.bytes(),
  });
});
