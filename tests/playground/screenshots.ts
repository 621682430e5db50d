/** Takes the pictures of docs/playground.md, of the demo account; run by hand after a change of the page's looks. */

import type { BrowserContextOptions } from "playwright-core";
import { startDevStack } from "../../testkit/stack.ts";
import { startScriptedProvider } from "../../testkit/provider.ts";
import { startChromium, withWindow } from "./browser.ts";
import { type Reader, readerOf } from "./reader.ts";

const FOLDER = new URL("../../docs/images/", import.meta.url).pathname;

const LIMIT = { RELAY_RATE_LIMIT_PER_MINUTE: "1000" };

const DESKTOP = { viewport: { width: 1240, height: 720 } };
const PHONE = { viewport: { width: 360, height: 720 }, hasTouch: true, deviceScaleFactor: 1.5 };

/** What is told, in this order. */
const PARTS = [
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

const provider = startScriptedProvider();
const refusing = provider.script(() => Response.json({ error: { message: "wrong key" } }, { status: 401 }));
let told = 0;
const telling = provider.script(async (call) => {
  for (const word of PARTS[told++ % PARTS.length].split(/(?<= )/)) {
    await call.token(word);
    await new Promise((resolve) => setTimeout(resolve, 12));
  }
  await call.finish();
});
const stack = await startDevStack(["--provider", telling], LIMIT);
const chromium = await startChromium();

async function take(name: string, { page }: Reader) {
  await page.evaluate("document.fonts.ready");
  await page.screenshot({ path: `${FOLDER}playground-${name}.png` });
}

function visit(options: BrowserContextOptions, use: (reader: Reader) => Promise<void>): Promise<void> {
  return withWindow(chromium, options, async (window) => {
    const reader = readerOf(await window.tab(stack.url));
    await reader.button("Use the demo account").waitFor();
    await use(reader);
  });
}

async function enter(reader: Reader) {
  await reader.button("Use the demo account").press("Enter");
  await reader.page.getByText("How does it begin?").waitFor();
}

await visit(DESKTOP, async (reader) => {
  await take("welcome", reader);
  await enter(reader);
  await take("empty", reader);
  await reader.button(/A light that asks the sea/).click();
  await reader.page.locator(".live").getByText("It is open").waitFor();
  await take("streaming", reader);
  await reader.rests();
  await reader.button("Tell it again").click();
  await reader.rests();
  await reader.say("What does the harbour master know about the letter?");
  await reader.rests();
  await reader.button("Edit").last().click();
  await reader.page.getByLabel("Edit what you said").fill("Who else in Carrow has had such a letter?");
  await reader.page.keyboard.press("Enter");
  await reader.rests();
  await reader.page.getByRole("button", { name: /^Branches/ }).click();
  await take("branches", reader);
  await reader.page.emulateMedia({ colorScheme: "dark" });
  await take("branches-dark", reader);
  await reader.page.emulateMedia({ colorScheme: "light" });
  await reader.page.getByRole("button", { name: /^Branches/ }).click();
});

await visit(PHONE, async (reader) => {
  await enter(reader);
  await reader.button("Stories and account").tap();
  await take("phone-stories", reader);
  await reader.page.getByRole("link", { name: "A lighthouse" }).tap();
  await reader.page.getByRole("dialog").waitFor({ state: "detached" });
  await reader.button("Branch here").tap();
  await reader.say("What does the harbour master know about the letter?");
  await reader.page.locator(".live").getByText("neighbour").waitFor();
  await take("phone", reader);
  await reader.rests();
});

await visit({ ...PHONE, colorScheme: "dark" }, async (reader) => {
  await take("phone-dark", reader);
});

await visit(DESKTOP, async (reader) => {
  await enter(reader);
  await reader.page.getByRole("link", { name: "A lighthouse" }).click();
  await reader.told.first().waitFor();
  await reader.button("Bots").click();
  await reader.button("Edit Demo storyteller").click();
  await take("bot", reader);

  await reader.page.getByLabel("Base URL").fill(refusing);
  await reader.button("Save").click();
  await reader.page.getByRole("dialog").waitFor({ state: "detached" });
  await reader.say("And then?");
  await reader.page.getByRole("alert").waitFor();
  await take("error", reader);
});

await chromium.close();

await stack.stop();
await provider.close();
