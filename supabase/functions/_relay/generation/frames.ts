/** Each event of a stream as the text that goes out. */

import type { DoneData, ErrorData, StartData } from "../protocol/events.ts";
import { encodeEvent } from "../sse/encode.ts";

/** One function for each event. */
export const frames = {
  start: (data: StartData) => encodeEvent("start", JSON.stringify(data), 0),
  /** `offset` is the message's length, in UTF-16 code units, after this text. */
  token: (text: string, offset: number) => encodeEvent("token", text, offset),
  reasoning: (text: string) => encodeEvent("reasoning", text),
  ping: () => encodeEvent("ping", "{}"),
  error: (data: ErrorData) => encodeEvent("error", JSON.stringify(data)),
  done: (data: DoneData) => encodeEvent("done", JSON.stringify(data)),
};

const encoder = new TextEncoder();

/** Events as the bytes that go out: one call for all that leaves together, a call costs as much as parsing a token. */
export function encode(frame: string): Uint8Array {
  return encoder.encode(frame);
}
