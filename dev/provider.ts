/** The demo provider. */

import { type ChatCompletionRequest, LLMock } from "@copilotkit/aimock";
import { atMost } from "./process.ts";
import { STORIES } from "./stories.ts";

// The mock waits for its running answers, also for those to a worker of another process.
const SHUTDOWN_MS = 500;

/** A provider of chat completions that costs nothing and answers every prompt with a story. */
export interface DemoProvider {
  url: string;
  close(): Promise<void>;
}

/** Starts the demo provider on a free port; a story takes a few seconds, as from a real one. */
export async function startProvider(): Promise<DemoProvider> {
  const mock = new LLMock({ port: 0, host: "127.0.0.1", journalMaxEntries: 1 });
  mock.on(
    { predicate: () => true },
    (request) => ({ content: storyFor(request) }),
    { chunkSize: 7, streamingProfile: { ttft: 300, tps: 60, jitter: 0.3 } },
  );
  await mock.start();
  return { url: mock.url, close: () => atMost(SHUTDOWN_MS, mock.stop()) };
}

function storyFor(request: ChatCompletionRequest): string {
  const prompt = request.messages.findLast((message) => message.role === "user")?.content;
  const text = typeof prompt === "string" ? prompt : JSON.stringify(prompt ?? "");
  return STORIES.find((story) => story.about.test(text))!.text;
}
