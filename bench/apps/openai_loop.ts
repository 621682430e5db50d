/** An edge function as tutorials show it: one `token` event for each delta. */

import OpenAI from "openai";

const encoder = new TextEncoder();

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")), onListen() {} }, async (request) => {
  const [, plan] = new URL(request.url).pathname.split("/");
  const openai = new OpenAI({ apiKey: "sk-bench", baseURL: `${Deno.env.get("PROVIDER")}/${plan}/v1` });
  const messages = [{ role: "user" as const, content: (await request.json()).prompt }];
  const completion = await openai.chat.completions.create({ model: "gpt-4o-mini", messages, stream: true });
  const body = new ReadableStream({
    async start(controller) {
      try {
        for await (const chunk of completion) {
          const text = chunk.choices[0]?.delta?.content;
          if (text) controller.enqueue(encoder.encode(`event: token\ndata: ${JSON.stringify(text)}\n\n`));
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
