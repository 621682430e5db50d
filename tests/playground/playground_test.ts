/** The page in Chromium, against a stack and a provider whose answers the tests play. */

import { hasChromium } from "../../testkit/browser.ts";
import { skip } from "../../testkit/skipped.ts";
import { testAccessibility } from "./accessibility.ts";
import { testAccounts } from "./accounts.ts";
import { testAppearance } from "./appearance.ts";
import { testArchives } from "./archives.ts";
import { testBots } from "./bots.ts";
import { testConversations } from "./conversations.ts";
import { testEntry } from "./entry.ts";
import { testDevices } from "./devices.ts";
import { testEdits } from "./edits.ts";
import { testErrors } from "./errors.ts";
import { testKeyboard } from "./keyboard.ts";
import { testMessages } from "./messages.ts";
import { testOperators } from "./operators.ts";
import { start, stop } from "./setup.ts";
import { testStories } from "./stories.ts";
import { testTurns } from "./turns.ts";

if (hasChromium()) {
  Deno.test.beforeAll(start);
  Deno.test.afterAll(stop);
  testEntry();
  testConversations();
  testTurns();
  testStories();
  testArchives();
  testDevices();
  testMessages();
  testEdits();
  testErrors();
  testOperators();
  testBots();
  testAppearance();
  testAccounts();
  testAccessibility();
  testKeyboard();
} else skip("the playground in a browser: there is no Chromium");
