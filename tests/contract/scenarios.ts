/** The contract of docs/protocol.md as one suite: it gets a target and a provider, and nothing else. */

import { auth } from "./auth.ts";
import { bots } from "./bots.ts";
import { cancels } from "./cancel.ts";
import { cors } from "./cors.ts";
import { disconnect } from "./disconnect.ts";
import { health } from "./health.ts";
import { instructions } from "./instructions.ts";
import { metrics } from "./metrics.ts";
import { ownership } from "./ownership.ts";
import { rate } from "./rate.ts";
import { replay } from "./replay.ts";
import { requests } from "./requests.ts";
import { resume } from "./resume.ts";
import type { Scenario } from "./scenario.ts";
import { secrets } from "./secrets.ts";
import { stored } from "./stored.ts";
import { storyTree } from "./story_tree.ts";
import { streamIds } from "./stream_ids.ts";
import { streaming } from "./streaming.ts";
import { supabaseJs } from "./supabase_js.ts";
import { text } from "./text.ts";

/** What is counted is looked at first, while nothing else runs; the log last, when all others have written to it. */
export const scenarios: Scenario[] = [
  ...metrics,
  ...health,
  ...streaming,
  ...text,
  ...stored,
  ...storyTree,
  ...instructions,
  ...bots,
  ...requests,
  ...auth,
  ...ownership,
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
