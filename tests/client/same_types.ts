/** Holds the client's own types to the relay's: each fits the other, so that neither can change alone. */

import type { ErrorCode, Issue } from "../../client/errors.ts";
import type { DoneData, ErrorData, Preview, SentContext, StartData, StartRequest, Usage } from "../../client/types.ts";
import type * as errors from "../../supabase/functions/_relay/protocol/errors.ts";
import type * as events from "../../supabase/functions/_relay/protocol/events.ts";
import type { StreamRequest } from "../../supabase/functions/_relay/protocol/requests.ts";
import type { previewOf } from "../../supabase/functions/stream/preview.ts";

type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;

/** Does not compile for a type that is not true. */
type Hold<T extends true> = T;

/** Every field as if it were given: the relay fills in a default, and the client rules out some combinations. */
type Fields<T, Name extends keyof T = keyof T> = { [Key in Name]-?: Exclude<T[Key], undefined> };

export type SAME = [
  Hold<Same<Fields<StartRequest & { preview?: boolean }>, Fields<StreamRequest>>>,
  Hold<Same<Preview, ReturnType<typeof previewOf>>>,
  Hold<Same<StartData, events.StartData>>,
  Hold<Same<SentContext, events.SentContext>>,
  Hold<Same<DoneData, events.DoneData>>,
  Hold<Same<ErrorData, events.ErrorData>>,
  Hold<Same<Usage, events.Usage>>,
  Hold<Same<ErrorCode, errors.ErrorCode>>,
  Hold<Same<Issue, errors.Issue>>,
];
