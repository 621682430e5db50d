/** The contract of docs/protocol.md as one suite: it gets a target and a provider, and nothing else. */

import type { Target } from "../../testkit/people.ts";
import type { ScriptedProvider } from "../../testkit/provider.ts";
import { auth } from "./auth.ts";
import { bots } from "./bots.ts";
import { cancels } from "./cancel.ts";
import { cors } from "./cors.ts";
import { disconnect } from "./disconnect.ts";
import { metrics } from "./metrics.ts";
import { rate } from "./rate.ts";
import { replay } from "./replay.ts";
import { requests } from "./requests.ts";
import { resume } from "./resume.ts";
import { secrets } from "./secrets.ts";
import { branches } from "./branches.ts";
import { streamIds } from "./stream_ids.ts";
import { streaming } from "./streaming.ts";
import { supabaseJs } from "./supabase_js.ts";
import { text } from "./text.ts";

/** One rule of the contract, shown on whatever relay it is given. */
export interface Scenario {
  title: string;
  /** True if there is nothing to see unless the target has a log. */
  needsLog?: boolean;
  run(target: Target, provider: ScriptedProvider): Promise<void>;
}

/** Counters are read first, while nothing else runs; the log last, when all others have written to it. */
export const scenarios: Scenario[] = [
  ...metrics,
  ...streaming,
  ...text,
  ...branches,
  ...bots,
  ...requests,
  ...auth,
  ...streamIds,
  ...resume,
  ...replay,
  ...cancels,
  ...disconnect,
  ...rate,
  ...cors,
  ...supabaseJs,
  ...secrets,
];
