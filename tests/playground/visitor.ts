/// <reference lib="dom" />
/** What a user does and sees on the page: everything is found by its label or its text. */

import type { Locator, Page } from "playwright-core";
import { eventually } from "../../testkit/eventually.ts";
import { PASSWORD } from "../../testkit/people.ts";

/** The parts of the page, and what a user does with them. */
export interface Visitor {
  page: Page;
  /** A button, or what can be chosen in a menu. */
  button(name: string | RegExp): Locator;
  /** The texts of all messages, from top to bottom, without white space at their ends: Markdown shows none. */
  messages(): Promise<string[]>;
  /** The texts of the answers. The last one may be growing. */
  answers: Locator;
  composer: Locator;
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
    messages: () =>
      page.locator(".prompt .text, .answer .text").evaluateAll((texts) =>
        texts.map((text) => {
          const blocks = text.querySelectorAll(":scope > p, :scope > .part > *");
          return [...blocks].map(({ textContent }) => textContent).join("\n\n").trimEnd();
        })
      ),
    answers: page.locator(".answer .text"),
    composer: page.getByLabel("Continue the story"),
    async send(prompt) {
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
      let shown = "";
      await eventually("the page shows these messages", async () => {
        shown = JSON.stringify(await visitor.messages());
        return shown === wanted;
      }).catch(() => {
        throw new Error(`The page never showed ${wanted} but ${shown}`);
      });
    },
    idle: () => page.locator(".live").waitFor({ state: "detached" }),
  };
  return visitor;
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
