/** Streams an answer as text, as the user whose session is in the cookies: the browser knows nothing of the relay. */

import { createRelayClient, RelayClientError } from "@storytellr/client";
import { createServerClient } from "@supabase/ssr";
import { cookies } from "next/headers";

const { NEXT_PUBLIC_SUPABASE_URL, NEXT_PUBLIC_SUPABASE_KEY } = process.env;

export async function POST(request: Request): Promise<Response> {
  const { prompt } = await request.json();
  const jar = await cookies();
  const supabase = createServerClient(NEXT_PUBLIC_SUPABASE_URL!, NEXT_PUBLIC_SUPABASE_KEY!, {
    cookies: {
      getAll: () => jar.getAll(),
      setAll: (fresh) => fresh.forEach(({ name, value, options }) => jar.set(name, value, options)),
    },
  });
  // The relay stops the answer once nothing reads it, so a closed tab ends it.
  const story = createRelayClient({ supabase }).start({ prompt }, { signal: request.signal });
  try {
    // A refusal comes before the first event, and so before this answer's status.
    await story[Symbol.asyncIterator]().next();
  } catch (error) {
    const { message, code, status = 502 } = error as RelayClientError;
    return Response.json({ code, message }, { status });
  }
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    async start(controller) {
      for await (const text of story.tokens) controller.enqueue(encoder.encode(text));
      controller.close();
    },
    cancel: () => story.detach(),
  });
  return new Response(body, { headers: { "content-type": "text/plain; charset=utf-8" } });
}
