/** The playground in Chromium, against the embedded stack and a provider whose every word the test says. */

import { hasChromium } from "./playground/browser.ts";
import { testEntry } from "./playground/entry.ts";
import { testFailures } from "./playground/failures.ts";
import { type House, openHouse, type Tools, withLab } from "./playground/lab.ts";
import { testLooks } from "./playground/looks.ts";
import { testStories } from "./playground/stories.ts";
import { skip } from "./support/skipped.ts";

if (hasChromium()) {
  let house: House;
  Deno.test.beforeAll(async () => {
    house = await openHouse();
  });
  Deno.test.afterAll(() => house.close());

  const tools: Tools = {
    house: () => house,
    pageTest(rule, run, options = {}) {
      Deno.test(`the playground: ${rule}`, () => withLab(house, options, run));
    },
  };
  testEntry(tools);
  testStories(tools);
  testFailures(tools);
  testLooks(tools);
} else skip("the playground in a browser: there is no /usr/bin/chromium");
