import assert from "node:assert/strict";
import { checkLayers } from "../../dev/layers.ts";

function offences(path: string, source: string): number {
  return checkLayers({ [path]: source }).length;
}

Deno.test("a folder may import from lower layers and from itself", () => {
  const source = `import { a } from "../protocol/a.ts";\nimport { b } from "./b.ts";\nimport { z } from "zod";\n`;
  assert.equal(offences("_relay/http/x.ts", source), 0);
  assert.equal(offences("stream/handler.ts", `import { a } from "../_relay/generation/a.ts";\n`), 0);
});

Deno.test("an import against the direction is an offence", () => {
  assert.equal(offences("_relay/protocol/x.ts", `import { a } from "../platform/a.ts";\n`), 1);
  assert.equal(offences("_relay/protocol/x.ts", `import { a } from "../sse/a.ts";\n`), 1);
  assert.equal(offences("_relay/auth/x.ts", `import { a } from "../http/a.ts";\n`), 1);
  assert.equal(offences("_relay/database/x.ts", `export {\n  a,\n} from "../generation/a.ts";\n`), 1);
  assert.equal(offences("_relay/generation/x.ts", `import { a } from "../../stream/handler.ts";\n`), 1);
  assert.equal(offences("_relay/platform/x.ts", `const a = await import("../http/a.ts");\n`), 1);
});

Deno.test("what a deployment would not carry is an offence", () => {
  assert.equal(offences("stream/x.ts", `import { a } from "../../../dev/a.ts";\n`), 1);
  assert.equal(offences("stream/x.ts", `import { a } from "./a";\n`), 1);
  assert.equal(offences("stream/x.ts", `import { a } from "jsr:@std/a";\n`), 1);
  assert.equal(offences("stream/x.ts", `import { a } from "node:fs";\n`), 1);
});

Deno.test("the runtime is touched in one folder alone", () => {
  for (const use of [`Deno.env.get("A")`, "Date.now()", "setTimeout(f, 1)", `console.log("a")`, "EdgeRuntime"]) {
    assert.equal(offences("_relay/generation/x.ts", `const a = ${use};\n`), 1, use);
    assert.equal(offences("_relay/platform/x.ts", `const a = ${use};\n`), 0, use);
  }
  assert.equal(
    offences(
      "_relay/generation/x.ts",
      "// Not Date.now()\n/** Nor console. */\nconst a = 1;\n",
    ),
    0,
  );
});

Deno.test("an entry point only wires", () => {
  assert.equal(offences("stream/index.ts", "if (a) b();\n"), 1);
  assert.equal(offences("stream/index.ts", "a();\n".repeat(16)), 1);
  assert.equal(offences("stream/index.ts", "a();\n".repeat(15)), 0);
  assert.equal(offences("stream/handler.ts", "a();\n".repeat(301)), 1);
});
