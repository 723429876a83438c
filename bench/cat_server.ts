/**
 * What it costs at the least to answer with the pages of some Pushgateways, one after the other, on
 * `Deno.serve` and `fetch`: no families are merged, nobody waits for anybody. `fetch` has the pages come
 * packed, for that takes it less CPU than if they came as they are; they are packed anew where the client
 * takes it.
 *
 *     deno run --allow-net bench/cat_server.ts PORT HOST:PORT…
 *
 * @module
 */

const [port, ...members] = Deno.args;
const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };

async function* pages(): AsyncGenerator<Uint8Array> {
  for (const member of members) {
    const { body } = await fetch(`http://${member}/metrics`);
    if (body) yield* body;
  }
}

Deno.serve({
  hostname: "127.0.0.1",
  port: Number(port),
  automaticCompression: true,
  onListen: () => {},
}, ({ url }) => {
  if (!url.endsWith("/pushed")) return new Response("ok");
  return new Response(ReadableStream.from(pages()), { headers });
});
