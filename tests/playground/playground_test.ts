/** The page in Chromium, against a stack and a provider whose answers the tests play: in one process, with one of each. */

import "./entry.ts";
import "./conversations.ts";
import "./turns.ts";
import "./stories.ts";
import "./archives.ts";
import "./devices.ts";
import "./messages.ts";
import "./edits.ts";
import "./errors.ts";
import "./operators.ts";
import "./bots.ts";
import "./appearance.ts";
import "./accounts.ts";
import "./accessibility.ts";
import "./keyboard.ts";
