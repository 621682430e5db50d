/** Takes the screenshots of docs/playground.md with the demo account. Run it by hand when the page looks different. */

import type { BrowserContextOptions } from "playwright-core";
import { startChromium, withWindow } from "../../testkit/browser.ts";
import { refuses, type Script } from "../../testkit/provider.ts";
import { startStack } from "../../testkit/stack.ts";
import { type Visitor, visitorOf } from "./visitor.ts";

const FOLDER = new URL("../../docs/images/", import.meta.url).pathname;

const DESKTOP = { viewport: { width: 1240, height: 720 } };
const PHONE = { viewport: { width: 360, height: 720 }, hasTouch: true, deviceScaleFactor: 1.5 };

/** The answers, in this order. */
const ANSWERS = [
  `The lamp had been dark for an hour when the sea knocked.

It knocked three times, politely, the way a neighbour does who has come about the fence. Ines put down her oil can. In nineteen years at Carrow Point nobody had climbed the ninety-one steps without a rope, a grievance or a telegram.

"It is open," she said, since it was.

What came in was mostly water. It stood in the lamp room as high as her shoulder, clear and a little green, and it had brought her father's letter in a bottle, forty years late.`,
  `Nobody in Carrow believed in the letter, and so nobody had opened it.

It had lain on the harbour master's desk since spring, addressed to the lighthouse in a hand like kelp on sand. Ines took it up the ninety-one steps, trimmed the wick, and read it aloud to the dark.

"Tonight," it said, "would you look away for an hour?"`,
  `The harbour master knew what he always knew, which was the depth of everything.

"Four fathoms of trouble," he said, and gave the letter back without touching the seal.`,
  `There were three others, it turned out, and each had kept quiet out of good manners.

The baker's lay under a loaf. The schoolmistress had marked hers in red and sent it back with the ebb. Only old Tobit had answered, and Tobit had not been late for his supper since.`,
];

let answered = 0;
const typing: Script = async (call) => {
  for (const word of ANSWERS[answered++ % ANSWERS.length].split(/(?<= )/)) {
    await call.token(word);
    await new Promise((resolve) => setTimeout(resolve, 12));
  }
  await call.finish();
};
const stack = await startStack({ demo: typing, env: { RELAY_RATE_LIMIT_PER_MINUTE: "1000" } });
const chromium = await startChromium();

async function take(name: string, { page }: Visitor) {
  await page.evaluate("document.fonts.ready");
  await page.screenshot({ path: `${FOLDER}playground-${name}.png` });
}

function visit(options: BrowserContextOptions, use: (visitor: Visitor) => Promise<void>): Promise<void> {
  return withWindow(chromium, options, async (window) => {
    const visitor = visitorOf(await window.tab(stack.url));
    await visitor.button("Use the demo account").waitFor();
    await use(visitor);
  });
}

async function enter({ page, button }: Visitor) {
  await button("Use the demo account").press("Enter");
  await page.getByText("How does it begin?").waitFor();
}

await visit(DESKTOP, async (visitor) => {
  const { page, button } = visitor;
  await enter(visitor);
  await button(/A light that asks the sea/).click();
  await page.locator(".live").getByText("It is open").waitFor();
  await take("streaming", visitor);
  await visitor.idle();
  await button("Regenerate").click();
  await visitor.idle();
  await visitor.send("What does the harbour master know about the letter?");
  await visitor.idle();
  await button("Edit").last().click();
  await page.getByLabel("Edit your message").fill("Who else in Carrow has had such a letter?");
  await page.keyboard.press("Enter");
  await visitor.idle();
  await button(/^Branches/).click();
  await take("branches", visitor);
});

await visit(PHONE, async (visitor) => {
  const { page, button } = visitor;
  await enter(visitor);
  await button("Stories and account").tap();
  await page.getByRole("link", { name: "A lighthouse" }).tap();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await button("Branch here").tap();
  await visitor.send("What does the harbour master know about the letter?");
  await page.locator(".live").getByText("neighbour").waitFor();
  await take("phone", visitor);
  await visitor.idle();
});

await visit(DESKTOP, async (visitor) => {
  const { page, button } = visitor;
  await enter(visitor);
  await page.getByRole("link", { name: "A lighthouse" }).click();
  await visitor.answers.first().waitFor();
  await button("Bots").click();
  await button("Edit Demo storyteller").click();
  await take("bot", visitor);

  const rejecting = stack.provider.script(refuses(401, { error: { message: "wrong key" } }));
  await page.getByLabel("Base URL").fill(rejecting);
  await button("Save").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await visitor.send("And then?");
  await page.getByRole("alert").waitFor();
  await take("error", visitor);
});

await chromium.close();
await stack.stop();
