/// <reference lib="dom" />
/** A person in front of the playground: knows what stands on it, and no more. */

import type { Locator, Page } from "playwright-core";

/** Everybody's. */
export const PASSWORD = "correct horse battery staple";

/** The parts of the page by the names that people have for them. */
export interface Reader {
  page: Page;
  button(name: string | RegExp): Locator;
  /** What was said and told, from top to bottom. */
  passages(): Promise<string[]>;
  /** The texts that were told; the last one may be growing. */
  told: Locator;
  composer: Locator;
  /** Writes into the box and presses Enter. */
  say(prompt: string): Promise<void>;
  signIn(email: string): Promise<void>;
  signUp(email: string): Promise<void>;
  /** Waits until the page shows exactly this story. */
  shows(...texts: string[]): Promise<void>;
  /** Waits until nothing is being written. */
  rests(): Promise<void>;
}

/** Finds everything as people do: by its name. */
export function readerOf(page: Page): Reader {
  async function enter(email: string, button: string) {
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: button, exact: true }).click();
    await reader.composer.waitFor();
  }

  const reader: Reader = {
    page,
    button: (name) => page.getByRole("button", { name, exact: typeof name === "string" }),
    passages: () =>
      page.locator(".prompt .text, .told .text").evaluateAll((parts) =>
        parts.map((part) => [...part.children].map(({ textContent }) => textContent).join("\n\n"))
      ),
    told: page.locator(".told .text"),
    composer: page.getByLabel("Continue the story"),
    async say(prompt) {
      await reader.composer.fill(prompt);
      await reader.composer.press("Enter");
    },
    signIn: (email) => enter(email, "Sign in"),
    async signUp(email) {
      await reader.button("Create an account").click();
      await enter(email, "Create account");
    },
    async shows(...texts) {
      const wanted = JSON.stringify(texts);
      await page.waitForFunction((wanted) => {
        const parts = [...document.querySelectorAll(".prompt .text, .told .text")];
        return wanted ===
          JSON.stringify(parts.map((part) => [...part.children].map(({ textContent }) => textContent).join("\n\n")));
      }, wanted).catch(async () => {
        const shown = JSON.stringify(await reader.passages());
        throw new Error(`The page never showed ${wanted} but ${shown}`);
      });
    },
    rests: () => page.locator(".live").waitFor({ state: "detached" }),
  };
  return reader;
}

/** Where two colours of the page stand to each other, as WCAG counts it; the ground is the nearest that is painted. */
export function contrastOf(locator: Locator): Promise<number> {
  return locator.first().evaluate((element) => {
    const canvas = document.createElement("canvas").getContext("2d")!;
    const channels = (color: string) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (color: string) => {
      const [r, g, b] = channels(color).map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let ground: Element | null = element;
    while (ground && channels(getComputedStyle(ground).backgroundColor)[3] < 255) ground = ground.parentElement;
    const [a, b] = [
      light(getComputedStyle(element).color),
      light(getComputedStyle(ground ?? document.body).backgroundColor),
    ];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  });
}
