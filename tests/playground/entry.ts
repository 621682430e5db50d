/** How people come in: new, to look around, or at a page that another server sends. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { buildPlayground } from "../../dev/playground.ts";
import { signUp } from "../../testkit/target.ts";
import { withWindow } from "./browser.ts";
import { newTeller, type Tools } from "./lab.ts";
import { readerOf } from "./reader.ts";

/** Registers them. */
export function testEntry({ house }: Tools): void {
  const KEY = "sk-typed-on-the-page-and-never-seen-again";

  Deno.test("the playground: a newcomer signs up, makes a bot and has a story told; the key is never seen again", async () => {
    const { baseUrl, call, tell } = newTeller(house().provider);
    await withWindow(house().chromium, {}, async (window) => {
      const reader = readerOf(await window.tab(house().stack.url));
      const { page, button } = reader;
      await page.getByLabel("Email").fill("nobody@test.example");
      await page.getByLabel("Password").fill("wrong-password");
      await button("Sign in").click();
      await page.getByText("do not fit together").waitFor();
      await reader.signUp(`${crypto.randomUUID()}@test.example`);

      await button("Make a bot").click();
      await page.getByLabel("Name").fill("Night storyteller");
      await button("Make bot").click();
      await page.getByText("Say which model answers").waitFor();
      await page.getByLabel("Model").fill("night-1");
      await page.getByLabel("Temperature").fill("0,7");
      await page.getByLabel("Base URL").fill(baseUrl);
      await page.getByLabel("Key").fill(KEY);
      await page.getByLabel("Instructions").fill("Whisper.");
      await button("Make bot").click();

      await button(/A light that asks the sea/).click();
      const first = await call(1);
      equal(first.headers.get("authorization"), `Bearer ${KEY}`);
      const { model, temperature, messages } = first.body;
      equal([model, temperature], ["night-1", 0.7]);
      equal(messages[0], { role: "system", content: "Whisper." });
      await tell(1, "Dark water.");
      await reader.rests();
      await page.getByRole("heading", { name: "A lighthouse keeper" })
        .waitFor();

      // Saved once more without a key, the key stays.
      await button("Bots").click();
      await button("Edit Night storyteller").click();
      equal(await page.getByLabel("Key").inputValue(), "");
      await page.getByLabel("Model").fill("night-2");
      await button("Save").click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await reader.say("And then?");
      const next = await call(2);
      equal(next.body.model, "night-2");
      equal(next.headers.get("authorization"), `Bearer ${KEY}`);
      await next.finish();
      await reader.rests();

      ok(!(await page.content()).includes(KEY));
      ok(!JSON.stringify(await window.context.storageState()).includes(KEY));
      const { answers } = window;
      ok(answers.some((answer) => answer.includes("Dark water.")));
      ok(!answers.some((answer) => answer.includes(KEY)));
    });
  });

  Deno.test("the playground: the demo account is one click away, and signing out leaves nothing behind", async () => {
    await withWindow(house().chromium, {}, async (window) => {
      const reader = readerOf(await window.tab(house().stack.url));
      await reader.button("Use the demo account").click();
      await reader.page.getByRole("link", { name: "Demo story" }).waitFor();
      await reader.button("Sign out").click();
      await reader.page.getByRole("heading", { name: "Sign in" }).waitFor();
      const { origins } = await window.context.storageState();
      equal(origins.flatMap(({ localStorage }) => localStorage), []);
    });
  });

  Deno.test("the playground: on another server it asks for the project once, and takes no secret key", async () => {
    const user = await signUp(house().target);
    const files = await buildPlayground();
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => {
        const name = new URL(request.url).pathname.slice(1) || "index.html";
        const type = { html: "text/html", js: "text/javascript" }[name.split(".").at(-1)!] ?? "text/css";
        return files[name] === undefined
          ? new Response(null, { status: 404 })
          : new Response(files[name], { headers: { "content-type": type } });
      },
    );
    await withWindow(house().chromium, {}, async (window) => {
      const url = `http://127.0.0.1:${server.addr.port}/`;
      const reader = readerOf(await window.tab(url));
      const { page, button } = reader;
      await page.getByLabel("Project URL").fill(house().stack.url + "/");
      await page.getByLabel("Publishable key").fill(house().stack.secret_key);
      await button("Continue").click();
      await page.getByText("That is a secret key").waitFor();
      await page.getByLabel("Publishable key").fill(house().stack.publishable_key);
      await button("Continue").click();
      await reader.signIn(user.email);
      await page.getByText("First, somebody to tell it").waitFor();
      await page.reload();
      await page.getByText("First, somebody to tell it").waitFor();
    });
    await server.shutdown();
  });
}
