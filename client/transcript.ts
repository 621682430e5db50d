/** Puts a generation's text together, whatever a reconnect repeats. */

import { unreachable } from "./errors.ts";

/** The part of a token that is new behind `known`; throws `unreachable` where text between the two is missing. */
export function newPart(token: string, end: number, known: number): string {
  const start = end - token.length;
  if (start > known) {
    throw unreachable(`Cannot read the stream: the text from ${known} to ${start} is missing`);
  }
  return token.slice(known - start);
}
