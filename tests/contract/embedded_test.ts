import { scenarios } from "./scenarios.ts";
import { type Stage, startEmbeddedStage } from "../../testkit/stage.ts";

let stage: Stage | undefined;

Deno.test.beforeAll(async () => {
  stage = await startEmbeddedStage();
});

Deno.test.afterAll(() => stage?.stop());

for (const { title, run, needsLog } of scenarios) {
  if (needsLog) continue;
  const name = `embedded: ${title}`;
  const fn = () => run(stage!.target, stage!.provider);
  Deno.test({ name, timeout: 60_000, fn });
}
