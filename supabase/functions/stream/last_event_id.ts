/** Reads how much of a stream its reader has. */

import { RelayError } from "../_relay/protocol/errors.ts";

/** Of the header, else of the query; null: nothing was seen. Throws `invalid_request` for what is no offset. */
export function lastEventId(request: Request): number | null {
  const text = request.headers.get("last-event-id") ??
    new URL(request.url).searchParams.get("last_event_id");
  if (text === null || text === "") return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new RelayError(
    "invalid_request",
    "Cannot resume the stream: the last event id is not an offset",
    { issues: [{ path: "last_event_id", message: "Must be the id of an event, a number of at most 9 digits" }] },
  );
}
