import { scenarios } from "./scenarios.ts";
import { skip } from "../../testkit/skipped.ts";
import { firstWorker, type Stage, startWorkerStage } from "../../testkit/stage.ts";
import { RUNTIME_DENO, runtimeDeno } from "../../dev/runtime_deno.ts";

if (!Deno.env.get("RELAY_TEST_DATABASE_URL")) {
  skip("the contract on two workers: RELAY_TEST_DATABASE_URL is not set");
} else {
  const old = await runtimeDeno();
  if (!old) skip(`the contract on Deno ${RUNTIME_DENO}: npx cannot bring it`);
  const denos = [Deno.execPath(), old ?? Deno.execPath()];
  const names = [Deno.version.deno, RUNTIME_DENO];
  let stage: Stage | undefined;
  Deno.test.beforeAll(async () => void (stage = await startWorkerStage(denos)));
  Deno.test.afterAll(() => stage?.stop());

  // The first worker starts the stories, the other one is sent the cancels.
  for (const first of old ? [0, 1] : [0]) {
    for (const { title, run } of scenarios) {
      const name = `worker on Deno ${names[first]}: ${title}`;
      const fn = () => run(firstWorker(stage!.target, first), stage!.provider);
      Deno.test({ name, timeout: 60_000, fn });
    }
  }
}
