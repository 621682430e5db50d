/** All that runs against a stack or in Chromium, in one process, so that there is one of each. */

import "./suite.ts";
import "./use_chat.ts";
import "./use_story.ts";
import "./docs.ts";
import "./clients.ts";
import "./story.ts";
import "./package.ts";
import "./vite.ts";
import "./types.ts";
