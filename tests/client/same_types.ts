/** Holds the client's own types to the relay's: each fits the other, so that neither can change alone. */

import type { ErrorCode, Issue } from "../../client/errors.ts";
import type { DoneData, ErrorData, Preview, SentContext, StartData, StartRequest, Usage } from "../../client/types.ts";
import type * as errors from "../../supabase/functions/_relay/protocol/errors.ts";
import type * as events from "../../supabase/functions/_relay/protocol/events.ts";
import type { StreamRequest } from "../../supabase/functions/_relay/protocol/requests.ts";
import type { previewOf } from "../../supabase/functions/stream/preview.ts";

type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : never : never;

/** Every field as if it were given: the relay fills in a default, and the client rules out some combinations. */
type Fields<T, Name extends keyof T = keyof T> = { [Key in Name]-?: Exclude<T[Key], undefined> };

export const SAME: {
  request: Same<Fields<StartRequest & { preview?: boolean }>, Fields<StreamRequest>>;
  preview: Same<Preview, ReturnType<typeof previewOf>>;
  start: Same<StartData, events.StartData>;
  context: Same<SentContext, events.SentContext>;
  done: Same<DoneData, events.DoneData>;
  error: Same<ErrorData, events.ErrorData>;
  usage: Same<Usage, events.Usage>;
  code: Same<ErrorCode, errors.ErrorCode>;
  issue: Same<Issue, errors.Issue>;
} = {
  request: true,
  preview: true,
  start: true,
  context: true,
  done: true,
  error: true,
  usage: true,
  code: true,
  issue: true,
};
