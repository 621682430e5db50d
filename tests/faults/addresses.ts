/** Bots whose base URL the relay must not call. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { answers } from "../../testkit/provider.ts";
import { expectRefusal } from "../../testkit/reader.ts";
import type { Worker } from "../../testkit/workers.ts";
import { ask, expectAlive, expectQuiet, type FaultStack, type Scenario } from "./fault_stack.ts";

/** One of each kind; tests of the guard have the others. */
const FORBIDDEN = [
  ...["http://api.openai.com/v1", "file:///etc/passwd", "api.openai.com/v1", "https://user:pass@api.openai.com/v1"],
  ...["https://127.0.0.1/v1", "https://2130706433/v1", "https://10.0.0.1/v1", "https://169.254.169.254/latest"],
  ...["https://[::1]/v1", "https://[::ffff:127.0.0.1]/v1", "https://localhost/v1", "https://localhost./v1"],
];

async function expectNotAllowed(on: FaultStack, worker: Worker, url: string, body = {}) {
  const { response } = await ask(on, url, { worker, body });
  await expectRefusal(response, 403, "provider_not_allowed");
}

/** Refused before a request leaves, with a status and no stream. */
export const addresses: Scenario[] = [{
  title: "a base URL without TLS, in a private network or of another form is provider_not_allowed",
  async run(on) {
    const worker = on.strict;
    for (const url of FORBIDDEN) await expectNotAllowed(on, worker, url);
    const url = on.stack.provider.script(answers());
    await expectNotAllowed(on, worker, url);
    await expectNotAllowed(on, worker, url.replace("http:", "https:"));
    equal(on.stack.provider.calls(url), []);
    await expectRefusal(await fetch(`${worker.url}/metrics`), 404, "not_found");

    const stream_id = crypto.randomUUID();
    await expectNotAllowed(on, worker, FORBIDDEN[0], { stream_id });
    // The row is closed after the answer, so a cancel may come before; then it must not stay running.
    await eventually("the refused generation has ended", async () => {
      const answer = await on.client.cancel(stream_id, { worker: on.stack.functions_url });
      await answer.body?.cancel();
      return answer.status === 200;
    });
    expectQuiet(on, worker);
  },
}, {
  title: "a host outside of RELAY_PROVIDER_HOSTS is provider_not_allowed",
  async run(on) {
    const url = on.stack.provider.script(answers());
    await expectNotAllowed(on, on.choosy, url.replace("127.0.0.1", "localhost"));
    await expectNotAllowed(on, on.choosy, "https://api.openai.com/v1");
    equal(on.stack.provider.calls(url), []);
    await expectAlive(on, on.choosy);
  },
}];
