/// <reference lib="dom" />
/** What a user does and sees on the page: everything is found by its label or its text. */

import type { Locator, Page } from "playwright-core";
import { PASSWORD } from "../../testkit/people.ts";

const PATIENCE_MS = 20_000;

/** The parts of the page, and what a user does with them. */
export interface Visitor {
  page: Page;
  /** A button, or what can be chosen in a menu. */
  button(name: string | RegExp): Locator;
  /** Presses these, one after the other. */
  choose(...names: (string | RegExp)[]): Promise<void>;
  /** Presses the button that stores what a dialog has, and waits until it has closed. */
  save(name?: string): Promise<void>;
  /** The texts of all messages, from top to bottom, without white space at their ends: Markdown shows none. */
  messages(): Promise<string[]>;
  /** The texts of the answers. The last one may be growing. */
  answers: Locator;
  composer: Locator;
  /** Waits for the frame in which the page moves the focus: after a dialog, an edit, or to another story's composer. */
  settled(): Promise<void>;
  /** Types into the composer and presses Enter. */
  send(prompt: string): Promise<void>;
  signIn(email: string): Promise<void>;
  signUp(email: string): Promise<void>;
  /** Waits until the page shows exactly these messages. */
  shows(...texts: string[]): Promise<void>;
  /** Waits until no answer is being written. */
  idle(): Promise<void>;
}

/** A visitor at this tab. */
export function visitorOf(page: Page): Visitor {
  async function enter(email: string, button: string) {
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: button, exact: true }).click();
    await visitor.composer.waitFor();
  }
  const visitor: Visitor = {
    page,
    button(name) {
      const options = { name, exact: typeof name === "string" };
      return page.getByRole("button", options).or(page.getByRole("menuitem", options));
    },
    async choose(...names) {
      for (const name of names) await visitor.button(name).click();
    },
    async save(name = "Save") {
      await visitor.button(name).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
    },
    messages: () => page.evaluate(`(${messagesOn})()`),
    answers: page.locator(".answer .text"),
    composer: page.getByLabel("Continue the story"),
    settled: () =>
      page.evaluate(() =>
        new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(() => resolve()))))
      ),
    async send(prompt) {
      await visitor.settled();
      await visitor.composer.fill(prompt);
      await visitor.composer.press("Enter");
    },
    signIn: (email) => enter(email, "Sign in"),
    async signUp(email) {
      await visitor.button("Create an account").click();
      await enter(email, "Create account");
    },
    async shows(...texts) {
      const wanted = JSON.stringify(texts.map((text) => text.trimEnd()));
      await waitForMessages(page, wanted).catch(async (error) => {
        throw new Error(`The page never showed ${wanted} but ${JSON.stringify(await visitor.messages())}`, {
          cause: error,
        });
      });
    },
    idle: () => page.locator(".live").waitFor({ state: "detached" }),
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

/** The contrast of a text and its background as WCAG defines it. The background is the nearest one that is painted. */
export function contrastOf(locator: Locator): Promise<number> {
  return locator.first().evaluate((element) => {
    const canvas = document.createElement("canvas").getContext("2d")!;
    const channels = (color: string) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (color: string) => {
      const [r, g, b] = channels(color).map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let painted: Element | null = element;
    while (painted && channels(getComputedStyle(painted).backgroundColor)[3] < 255) painted = painted.parentElement;
    const text = luminance(getComputedStyle(element).color);
    const background = luminance(getComputedStyle(painted ?? document.body).backgroundColor);
    return (Math.max(text, background) + 0.05) / (Math.min(text, background) + 0.05);
  });
}
