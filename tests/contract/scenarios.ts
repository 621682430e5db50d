/** The contract of docs/protocol.md as one suite: it gets a target and a provider, and nothing else. */

import { answersOfAnyApi } from "./answers.ts";
import { auth } from "./auth.ts";
import { botTests } from "./bot_tests.ts";
import { bots } from "./bots.ts";
import { cancels } from "./cancel.ts";
import { cors } from "./cors.ts";
import { disconnect } from "./disconnect.ts";
import { memories } from "./memory.ts";
import { metrics, refusalMetrics } from "./metrics.ts";
import { rate } from "./rate.ts";
import { replay } from "./replay.ts";
import { requests } from "./requests.ts";
import { resume } from "./resume.ts";
import type { Scenario } from "./scenario.ts";
import { secrets } from "./secrets.ts";
import { branches } from "./branches.ts";
import { streamIds } from "./stream_ids.ts";
import { streaming } from "./streaming.ts";
import { supabaseJs } from "./supabase_js.ts";
import { text } from "./text.ts";
import { titles } from "./titles.ts";
import { turns } from "./turns.ts";
import { voice } from "./voice.ts";
import { windows } from "./window.ts";

/** Streams, and what one worker hands to another. Counters are read first, while nothing else runs. */
export const ofWorkers: Scenario[] = [
  ...metrics,
  ...streaming,
  ...answersOfAnyApi,
  ...text,
  ...turns,
  ...streamIds,
  ...resume,
  ...replay,
  ...refusalMetrics,
  ...cancels,
  ...voice,
  ...disconnect,
  ...rate,
];

/** What is the same on whichever worker. The log comes last, when all others have written to it. */
export const ofOneWorker: Scenario[] = [
  ...branches,
  ...bots,
  ...botTests,
  ...windows,
  ...memories,
  ...titles,
  ...requests,
  ...auth,
  ...cors,
  ...supabaseJs,
  ...secrets,
];

/** Those in which a provider answers: they hold for each API, unless they say where. */
export const spoken: Scenario[] = [...streaming, ...answersOfAnyApi, ...text, ...turns, ...cancels, ...disconnect];
