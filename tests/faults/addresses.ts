/** Bots whose base URL the relay must not call. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { post } from "../../testkit/reader.ts";
import { makeBot } from "../../testkit/target.ts";
import type { Worker } from "../../testkit/rig.ts";
import { expectAlive, expectQuiet, expectRefusal, type Lab, PROMPT, type Scenario } from "./lab.ts";

async function expectNotAllowed(lab: Lab, worker: Worker, accessPath: string) {
  const bot_id = await makeBot(lab.rig.target, lab.user, accessPath);
  const response = await post(`${worker.url}/stream`, lab.user.token, {
    prompt: PROMPT,
    bot_id,
  }, { origin: "https://story.example" });
  await expectRefusal(response, 403, "provider_not_allowed");
}

function refuses(what: string, accessPath: (lab: Lab) => string): Scenario {
  return {
    title: `a base URL ${what} is provider_not_allowed`,
    async run(lab) {
      await expectNotAllowed(lab, lab.strict, accessPath(lab));
      expectQuiet(lab, lab.strict);
    },
  };
}

/** Refused before a request leaves, with a status, an error's body and CORS headers. */
export const addresses: Scenario[] = [
  refuses("without TLS", () => "http://api.openai.com/v1"),
  refuses("on loopback", () => "https://127.0.0.1/v1"),
  refuses("on loopback, as a number", () => "https://2130706433/v1"),
  refuses("in a private network", () => "https://10.0.0.1/v1"),
  refuses("of a cloud's metadata", () => "https://169.254.169.254/latest/meta-data"),
  refuses("on IPv6 loopback", () => "https://[::1]/v1"),
  refuses("on mapped IPv4 loopback", () => "https://[::ffff:127.0.0.1]/v1"),
  refuses("at localhost", () => "https://localhost/v1"),
  refuses("at localhost with a dot", () => "https://localhost./v1"),
  refuses("with a user and a password", () => "https://user:pass@api.openai.com/v1"),
  refuses("of another scheme", () => "file:///etc/passwd"),
  refuses("that is no URL", () => "api.openai.com/v1"),
  {
    title: "a provider that may not be called sees no request",
    async run(lab) {
      const url = lab.rig.provider.script((call) => call.finish());
      await expectNotAllowed(lab, lab.strict, url);
      await expectNotAllowed(lab, lab.strict, url.replace("http:", "https:"));
      equal(lab.rig.provider.calls(url), []);
    },
  },
  {
    title: "a host outside of RELAY_PROVIDER_HOSTS is provider_not_allowed",
    async run(lab) {
      const url = lab.rig.provider.script((call) => call.finish());
      await expectNotAllowed(lab, lab.choosy, url.replace("127.0.0.1", "localhost"));
      await expectNotAllowed(lab, lab.choosy, "https://api.openai.com/v1");
      equal(lab.rig.provider.calls(url), []);
      await expectAlive(lab, lab.choosy);
    },
  },
  {
    title: "a refused provider leaves no running generation behind",
    async run(lab) {
      const bot_id = await makeBot(lab.rig.target, lab.user, "https://10.0.0.1/v1");
      const stream_id = crypto.randomUUID();
      const response = await post(`${lab.strict.url}/stream`, lab.user.token, { prompt: PROMPT, bot_id, stream_id });
      await expectRefusal(response, 403, "provider_not_allowed");
      await expectEnded(lab, stream_id);
    },
  },
];

/** The row is closed behind the answer, so a cancel may come before that; then it must not stay. */
async function expectEnded(lab: Lab, streamId: string): Promise<void> {
  await eventually("the refused generation has ended", async () => {
    const answer = await post(`${lab.rig.stack.functions_url}/cancel/${streamId}`, lab.user.token, {});
    await answer.body?.cancel();
    return answer.status === 200;
  });
}
