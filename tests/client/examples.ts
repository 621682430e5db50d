/** A project of examples/, installed with the packed client, built, and driven in Chromium. */

import type { Page } from "playwright-core";
import { hasChromium, withWindow } from "../../testkit/browser.ts";
import { eventually } from "../../testkit/eventually.ts";
import { PASSWORD, rest, type TestUser } from "../../testkit/people.ts";
import { skip } from "../../testkit/skipped.ts";
import { installExample, type Project } from "./projects.ts";
import { useChromium, useStack } from "./runtimes.ts";
import { signUpWithBot } from "./scenarios.ts";

/** The page of an example with a user who is signed in. */
export interface Visit {
  page: Page;
  user: TestUser;
  /** Waits until this many answers are stored; gives them. */
  answers(count: number): Promise<{ content: string; finish_reason: string }[]>;
}

/** How to serve an example, and how to test its page. */
export interface Example {
  /** The folder below examples/. */
  name: string;
  title: string;
  /** Builds and serves it; gives its origin. The page has to have an email, a password and a button to sign in. */
  serve(project: Project, supabase: { url: string; key: string }): Promise<string>;
  drive(visit: Visit): Promise<void>;
}

/** Tests examples against one stack, each as a user of its own with a bot that plays what the prompt orders. */
export function testExamples(examples: Example[]): void {
  if (!hasChromium()) return skip("the examples in a browser: there is no Chromium");
  const setup = useStack();
  const browser = useChromium();

  for (const { name, title, serve, drive } of examples) {
    Deno.test(`examples/${name}: ${title}`, async () => {
      const { target } = setup;
      await using project = await installExample(name);
      const origin = await serve(project, { url: target.supabaseUrl, key: target.publishableKey });
      const user = await signUpWithBot(setup);
      const path = "messages?select=content,finish_reason&is_user_author=is.false&order=created_at";
      await withWindow(browser(), {}, async ({ tab }) => {
        const page = await tab(origin);
        await page.fill("input[type=email]", user.email);
        await page.fill("input[type=password]", PASSWORD);
        await page.click("button");
        await drive({
          page,
          user,
          answers: (count) =>
            eventually(`${count} stored answers`, async () => {
              const rows = await rest(target, user, path);
              return rows.length === count && rows;
            }),
        });
      });
    });
  }
}
