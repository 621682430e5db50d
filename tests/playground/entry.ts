/** Signing up, the demo account, and a page that another server delivers. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Window } from "../../testkit/browser.ts";
import { becomes } from "../../testkit/eventually.ts";
import { makeBot, PASSWORD, rest, signUp } from "../../testkit/people.ts";
import { embedded, entryTest, newProvider, windowTest } from "./setup.ts";
import { visitorOf } from "./visitor.ts";

const KEY = "sk-typed-on-the-page-and-never-seen-again";

/** The bodies of all answers that have ended so far, event streams included. */
function answersTo({ context }: Window): string[] {
  const answers: string[] = [];
  context.on("requestfinished", async (request) => {
    try {
      answers.push(await (await request.response())?.text() ?? "");
    } catch {
      // The tab closed first.
    }
  });
  return answers;
}

/** On the stack that has a demo account, as `deno task demo` starts it. */
const embeddedTest = (rule: string, run: Parameters<typeof entryTest>[1]) =>
  entryTest(rule, run, { url: () => embedded.url });

embeddedTest(
  "a new user signs up, makes a bot and a story; its key is never shown again",
  async (visitor, window) => {
    const { baseUrl, call, answer } = newProvider(embedded);
    const answers = answersTo(window);
    const { page, button, choose, save } = visitor;
    await page.getByLabel("Email").fill("unknown@test.example");
    await page.getByLabel("Password").fill("wrong-password");
    await button("Sign in").click();
    await page.getByText("The email or the password is wrong").waitFor();
    await visitor.signUp(`${crypto.randomUUID()}@test.example`);

    await button("Create a bot").click();
    await page.getByLabel("Name").fill("Night storyteller");
    await button("Create bot").click();
    await page.getByText("Enter a model").waitFor();
    await page.getByLabel("Model").fill("night-1");
    await page.getByLabel("Temperature").fill("0,7");
    await page.getByLabel("Base URL").fill(baseUrl);
    await page.getByLabel("Key").fill(KEY);
    await page.getByLabel("Instructions").fill("Whisper.");
    await button("Create bot").click();

    await button(/A light that asks the sea/).click();
    const first = await call(1);
    equal(first.headers.get("authorization"), `Bearer ${KEY}`);
    const { model, temperature, messages } = first.body;
    equal([model, temperature], ["night-1", 0.7]);
    equal(messages[0], { role: "system", content: "Whisper." });
    await answer(1, "Dark water.");
    await visitor.idle();
    await page.getByRole("heading", { name: "A lighthouse keeper" }).waitFor();

    // Saved again without a key, the stored key stays.
    await choose("Bots", "Edit Night storyteller");
    equal(await page.getByLabel("Key").inputValue(), "");
    await page.getByLabel("Model").fill("night-2");
    await save();
    await visitor.send("And then?");
    const next = await call(2);
    equal(next.body.model, "night-2");
    equal(next.headers.get("authorization"), `Bearer ${KEY}`);
    await next.finish();
    await visitor.idle();

    ok(!(await page.content()).includes(KEY));
    ok(!JSON.stringify(await window.context.storageState()).includes(KEY));
    await becomes(() => answers.some((answer) => answer.includes("Dark water.")), true);
    ok(!answers.some((answer) => answer.includes(KEY)));
  },
);

embeddedTest("a bot that a stranger shares answers only users who choose it", async (visitor) => {
  const { baseUrl, call } = newProvider(embedded);
  const [stranger, user] = [await signUp(embedded.target), await signUp(embedded.target)];
  const bot_id = await makeBot(embedded.target, stranger, baseUrl);
  await rest(embedded.target, stranger, "bot_shares", { method: "POST", body: { bot_id, user_id: user.id } });
  await visitor.signIn(user.email);
  const choice = visitor.page.getByRole("combobox");
  await visitor.page.getByText("First, create a bot, or choose a shared one above").waitFor();
  equal(await choice.inputValue(), "");
  await choice.selectOption(bot_id);
  await visitor.send("Once");
  await (await call(1)).finish();
  await visitor.idle();
});

embeddedTest("the demo account is one click away; signing out leaves nothing", async ({ page, button }, window) => {
  await button("Use the demo account").click();
  await page.getByRole("link", { name: "Demo story" }).waitFor();
  await button("Sign out").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const { origins } = await window.context.storageState();
  equal(origins.flatMap(({ localStorage }) => localStorage), []);
});

embeddedTest("a browser that blocks storage has its stories until it is closed", async (visitor) => {
  const { baseUrl, answer } = newProvider(embedded);
  const { page, button, composer } = visitor;
  const user = await signUp(embedded.target);
  await makeBot(embedded.target, user, baseUrl);
  await page.addInitScript(() =>
    Object.defineProperty(globalThis, "localStorage", {
      get() {
        throw new DOMException("Access is denied", "SecurityError");
      },
    })
  );
  await page.reload();
  await visitor.signIn(user.email);
  await visitor.send("A story");
  await answer(1, "An answer");
  await visitor.shows("A story", "An answer");
  await composer.fill("Half of a thought");
  await page.getByRole("link", { name: "New story" }).click();
  await becomes(() => composer.inputValue(), "");
  await page.getByRole("link", { name: "A story" }).click();
  await becomes(() => composer.inputValue(), "Half of a thought");
  await button("Sign out").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

embeddedTest("without the stories' script the page says so, and a reload mends it", async ({ page, button }) => {
  const user = await signUp(embedded.target);
  await page.route(/main_view-\w+\.js$/, (route) => route.abort());
  await page.getByLabel("Email").fill(user.email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "The page could not be loaded" }).waitFor();
  await page.unrouteAll();
  await button("Reload").click();
  await page.getByText("First, create a bot").waitFor();
});

windowTest("on another server it asks for the project once, and accepts no secret key", async (window) => {
  const user = await signUp(embedded.target);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    return pathname === "/config.json" ? new Response(null, { status: 404 }) : await fetch(embedded.url + pathname);
  });
  const visitor = visitorOf(await window.tab(`http://127.0.0.1:${server.addr.port}/`));
  const { page, button } = visitor;
  await page.getByLabel("Project URL").fill(embedded.url + "/");
  await page.getByLabel("Publishable key").fill(embedded.secret_key);
  await button("Continue").click();
  await page.getByText("This is a secret key").waitFor();
  await page.getByLabel("Publishable key").fill(embedded.publishable_key);
  await button("Continue").click();
  await visitor.signIn(user.email);
  await page.getByText("First, create a bot").waitFor();
  await page.reload();
  await page.getByText("First, create a bot").waitFor();
  await server.shutdown();
});
