/** The least that a Deno program can do: it knows nothing of what it carries. */

const provider = Deno.env.get("PROVIDER");

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")), onListen() {} }, async (request) => {
  const upstream = await fetch(provider + new URL(request.url).pathname, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: await request.text(),
    signal: request.signal,
  });
  return new Response(upstream.body, { headers: { "content-type": "text/event-stream" } });
});
