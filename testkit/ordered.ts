/** A script that the prompt orders. */

import { createChance, oneOf } from "./figures.ts";
import type { Script } from "./provider.ts";

/** What a prompt can order as JSON, for clients that have nothing but the relay. */
export interface Order {
  /** Chooses the words. */
  seed?: number;
  chunks: number;
  /** Between two chunks. */
  pauseMs?: number;
  /** After the last chunk; `wait` sends nothing more until the relay disconnects. */
  end?: "finish" | "wait" | "break";
}

/** Plays what the last message orders; a prompt that orders nothing gets a short text. */
export const ordered: Script = async (call) => {
  const prompt = call.messages.at(-1)!.content;
  const order: Order = prompt.startsWith("{") ? JSON.parse(prompt) : { chunks: 20 };
  const { seed = 1, chunks, pauseMs = 2, end = "finish" } = order;
  const chance = createChance(seed);
  for (let chunk = 0; chunk < chunks && !call.over; chunk++) {
    await call.token(Array.from({ length: 1 + Math.floor(chance() * 8) }, () => oneOf(chance, PARTS)).join(""));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  if (end === "finish") await call.finish();
  if (end === "break") call.break();
  await call.closed;
};

/** What a client must not lose, double or cut. */
const PARTS = ["a", " ", "\n", "\n\n", "  ", "data: ", "é", "€", "🐉", "end"];
