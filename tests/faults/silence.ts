/** Providers that hang or never end: what each deadline does. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { startSilentProvider } from "../../testkit/silent_provider.ts";
import { textOf } from "../../testkit/reader.ts";
import { beginStory, expectAlive, expectEnd, PARTIAL, type Scenario } from "./lab.ts";

const NO_FIRST_TOKEN = {
  code: "provider_timeout",
  message: "The provider sent no first token within 1000 ms",
  retryable: true,
};

/** The first-token, the idle and the total deadline. */
export const silences: Scenario[] = [{
  title: "a provider that hangs before its headers is provider_timeout",
  async run(lab) {
    const provider = startSilentProvider();
    const started = await beginStory(lab, lab.hasty, provider.url);
    await expectEnd(lab, lab.hasty, null, started, { text: "", error: NO_FIRST_TOKEN, finishReason: "timeout" });
    await eventually("the request is over", () => provider.open() === 0);
    equal(provider.asked(), 1);
    await provider.close();
    await expectAlive(lab, lab.hasty);
  },
}, {
  title: "a provider that hangs before its first token is provider_timeout",
  async run(lab) {
    const url = lab.rig.provider.script(async (call) => {
      await call.send(": the model is being loaded\n\n");
      await call.closed;
    });
    const started = await beginStory(lab, lab.hasty, url);
    await expectEnd(lab, lab.hasty, url, started, { text: "", error: NO_FIRST_TOKEN, finishReason: "timeout" });
    await expectAlive(lab, lab.hasty);
  },
}, {
  title: "a provider that hangs amid the text is provider_timeout",
  async run(lab) {
    const url = lab.rig.provider.script(async (call) => {
      await call.token(PARTIAL);
      await call.closed;
    });
    const started = await beginStory(lab, lab.hasty, url);
    await expectEnd(lab, lab.hasty, url, started, {
      text: PARTIAL,
      error: { code: "provider_timeout", message: "The provider sent nothing for 500 ms", retryable: true },
      finishReason: "timeout",
    });
    await expectAlive(lab, lab.hasty);
  },
}, {
  title: "a provider that never ends is timeout, also while tokens come",
  async run(lab) {
    const url = lab.rig.provider.script(async (call) => {
      let over = false;
      call.closed.then(() => over = true);
      while (!over) {
        await call.token("on and on ");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    const started = await beginStory(lab, lab.brief, url);
    await expectEnd(lab, lab.brief, url, started, {
      error: { code: "timeout", message: "The generation took longer than 2000 ms, the limit", retryable: true },
      finishReason: "timeout",
    });
    ok(textOf(started.events).startsWith("on and on on and on "));
    await expectAlive(lab, lab.brief);
  },
}];
