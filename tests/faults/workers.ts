/** A worker that is told to end amid its work. */

import { beginStory, expectEnd, PARTIAL, type Scenario } from "./lab.ts";

/** What a host sends before it takes a container away. */
export const workerEnds: Scenario[] = [{
  title: 'SIGTERM ends a stream with "interrupted", stores its text and exits with code 0',
  async run(lab) {
    const worker = await lab.rig.worker({}, { runtime: lab.runtime });
    const url = lab.rig.provider.script(async (call) => {
      await call.token(PARTIAL);
      await call.closed;
    });
    const started = await beginStory(lab, worker, url);
    await started.until("token");
    // stop() rejects where the exit code is not 0.
    await Promise.all([
      worker.stop(),
      expectEnd(lab, worker, url, started, {
        text: PARTIAL,
        error: {
          code: "interrupted",
          message: "The generation was interrupted: its worker ended, and what was written is stored",
          retryable: true,
        },
        finishReason: "interrupted",
        status: "interrupted",
      }),
    ]);
  },
}];
