/** What tests of the transport share: a network in memory, for what depends on the bytes of an answer alone, and waiting. */

import type { Connection, Network } from "../platform/network.ts";
import type { Answer } from "../transport/answer.ts";

/** All that is left of an answer. */
export async function textOf(answer: Answer): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = await answer.next(); bytes !== undefined; bytes = await answer.next()) {
    text += decoder.decode(bytes, { stream: true });
  }
  return text;
}

/** A turn of the event loop, in which connections go on. */
export const tick = () => new Promise((resolve) => setTimeout(resolve));

/** Waits for what connections bring about. */
export async function until(isTrue: () => boolean) {
  while (!isTrue()) await tick();
}

/** Its one connection brings these parts, a part a read, and then its end; a character is a byte. */
export function makeNetwork(parts: string[]): Network & { closed: number } {
  const bytes = parts.filter((part) => part !== "").map((part) => Uint8Array.from(part, (unit) => unit.charCodeAt(0)));
  const connection: Connection = {
    read(buffer) {
      const next = bytes.shift();
      if (next === undefined) return Promise.resolve(null);
      const part = next.subarray(0, buffer.length);
      if (part.length < next.length) bytes.unshift(next.subarray(part.length));
      buffer.set(part);
      return Promise.resolve(part.length);
    },
    write: (request) => Promise.resolve(request.length),
    close: () => void network.closed++,
  };
  const network = {
    closed: 0,
    connect: () => Promise.resolve(connection),
    startTls: () => Promise.resolve(connection),
  };
  return network;
}
