import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { cpuOf, memoryOf, parseStat } from "./proc.ts";

Deno.test("the line of a process is read behind its name, which may hold anything", () => {
  const line = "42 (a) b (c) S 7 1 1 0 -1 4194560 9 0 0 0 150 50 3 4 20 0 1 0 1 1 1";
  equal(parseStat(line), { pid: 42, parent: 7, cpu: 2 });
});

if (Deno.build.os === "linux") {
  Deno.test("this process has used the processor and holds memory", () => {
    ok(cpuOf(Deno.pid) > 0);
    ok(memoryOf(Deno.pid) > 10 * 2 ** 20);
  });

  Deno.test("a process that is gone has used nothing", () => {
    equal(cpuOf(2 ** 30), 0);
    equal(memoryOf(2 ** 30), 0);
  });
}
