/** An edge function as tutorials show it: one `token` event for each delta. */

import OpenAI from "openai";

const provider = Deno.env.get("PROVIDER");
const encoder = new TextEncoder();

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")), onListen() {} }, async (request) => {
  const [, plan] = new URL(request.url).pathname.split("/");
  const { prompt } = await request.json();
  const openai = new OpenAI({ apiKey: "sk-bench", baseURL: `${provider}/${plan}/v1` });
  const completion = await openai.chat.completions.create({
    model: "gpt-4o-mini",
    messages: [{ role: "user", content: prompt }],
    stream: true,
  });
  const body = new ReadableStream({
    async start(controller) {
      try {
        for await (const chunk of completion) {
          const text = chunk.choices[0]?.delta?.content;
          if (!text) continue;
          controller.enqueue(encoder.encode(`event: token\ndata: ${JSON.stringify(text)}\n\n`));
        }
        controller.enqueue(encoder.encode("event: done\ndata: {}\n\n"));
        controller.close();
      } catch {
        // The client has gone.
      }
    },
    cancel: () => completion.controller.abort(),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
});
