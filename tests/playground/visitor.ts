/// <reference lib="dom" />
/** What a user does and sees on the page: everything is found by its label or its text. */

import type { Locator, Page } from "playwright-core";
import { eventually } from "../../testkit/eventually.ts";
import { PASSWORD } from "../../testkit/people.ts";

const PATIENCE_MS = 20_000;

/** What a user does and sees at a tab. */
export type Visitor = ReturnType<typeof visitorOf>;

/** A visitor at this tab. */
export function visitorOf(page: Page) {
  async function enter(email: string, button: string) {
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: button, exact: true }).click();
    await visitor.composer.waitFor();
  }
  const visitor = {
    page,
    /** A button, or what can be chosen in a menu. */
    button(name: string | RegExp): Locator {
      const options = { name, exact: typeof name === "string" };
      return page.getByRole("button", options).or(page.getByRole("menuitem", options));
    },
    /** Presses these, one after the other. */
    async choose(...names: (string | RegExp)[]): Promise<void> {
      for (const name of names) await visitor.button(name).click();
    },
    /** Presses the button that stores what a dialog has, and waits until it has closed. */
    async save(name = "Save"): Promise<void> {
      await visitor.button(name).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
    },
    /** The texts of all messages, from top to bottom, without white space at their ends: Markdown shows none. */
    messages: (): Promise<string[]> => page.evaluate(`(${messagesOn})()`),
    /** The texts of the answers. The last one may be growing. */
    answers: page.locator(".answer .text"),
    composer: page.getByLabel("Continue the story"),
    /** Waits for the frame in which the page moves the focus: after a dialog, an edit, or to another story's composer. */
    settled: (): Promise<void> =>
      page.evaluate(() =>
        new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(() => resolve()))))
      ),
    /** Types into the composer and presses Enter. */
    async send(prompt: string): Promise<void> {
      await visitor.settled();
      await visitor.composer.fill(prompt);
      await visitor.composer.press("Enter");
    },
    signIn: (email: string) => enter(email, "Sign in"),
    async signUp(email: string): Promise<void> {
      await visitor.button("Create an account").click();
      await enter(email, "Create account");
    },
    /** Waits until the page shows exactly these messages. */
    async shows(...texts: string[]): Promise<void> {
      const wanted = JSON.stringify(texts.map((text) => text.trimEnd()));
      await waitForMessages(page, wanted).catch(async (error) => {
        throw new Error(`The page never showed ${wanted} but ${JSON.stringify(await visitor.messages())}`, {
          cause: error,
        });
      });
    },
    /** Waits until no answer is being written. */
    idle: () => page.locator(".live").waitFor({ state: "detached" }),
    /** Looks while the page's clock, which the test has installed, runs fast. */
    async later(what: string, look: () => Promise<boolean>): Promise<void> {
      await eventually(what, async () => {
        await page.clock.runFor(5_000);
        return await look();
      });
    },
  };
  return visitor;
}

function messagesOn(): string[] {
  return [...document.querySelectorAll(".prompt .text, .answer .text")].map((text) => {
    const blocks = text.querySelectorAll(":scope > p, :scope > .part > *");
    return [...blocks].map(({ textContent }) => textContent).join("\n\n").trimEnd();
  });
}

/** Looks whenever the page changes: to ask it every few milliseconds costs more than what it does. */
async function waitForMessages(page: Page, wanted: string): Promise<void> {
  await page.waitForFunction(
    `new Promise((resolve) => {
    const isShown = () => JSON.stringify((${messagesOn})()) === ${JSON.stringify(wanted)};
    if (isShown()) return resolve(true);
    const observer = new MutationObserver(() => {
      if (!isShown()) return;
      observer.disconnect();
      resolve(true);
    });
    observer.observe(document, { subtree: true, childList: true, characterData: true });
  })`,
    undefined,
    { timeout: PATIENCE_MS },
  );
}
