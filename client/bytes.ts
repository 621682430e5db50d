/** Turns bytes that come over time into text. */

/**
 * Ends when the body does, or with the signal; leaving the loop cancels the body. Not every fetch lets a signal reach an
 * answer whose headers have come, so the reader listens to it too.
 */
export async function* chunksOf(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const leave = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", leave, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}
