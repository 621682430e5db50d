/** The playground in Chromium, against the embedded stack and a provider whose every word the test says. */

import { hasChromium } from "./browser.ts";
import { testEntry } from "./entry.ts";
import { testFailures } from "./failures.ts";
import { type House, openHouse, type Tools, withLab } from "./lab.ts";
import { testLooks } from "./looks.ts";
import { testStories } from "./stories.ts";
import { skip } from "../../testkit/skipped.ts";

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
