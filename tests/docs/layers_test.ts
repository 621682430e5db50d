import { deepStrictEqual as equal } from "node:assert/strict";
import { checkLayers } from "../../dev/layers.ts";
import house from "../../dev/lint_plugin.ts";

const RELAY = "supabase/functions/_relay";
const AREAS = ["supabase", "client", "playground", "dev", "testkit", "bench", "tests"];

function offences(path: string, source: string): number {
  return checkLayers({ [path]: source }).length;
}

function importing(path: string, ...specifiers: string[]): number {
  return offences(path, specifiers.map((specifier) => `import { a } from "${specifier}";\n`).join(""));
}

Deno.test("a room of the relay imports from lower ranks and from itself alone", () => {
  equal(importing(`${RELAY}/http/x.ts`, "../protocol/a.ts", "../platform/a.ts", "./b.ts", "zod"), 0);
  equal(importing("supabase/functions/stream/x.ts", "../_relay/generation/a.ts", "../cancel/a.ts"), 0);
  const wrong: [string, string][] = [
    ["protocol", "../platform/a.ts"],
    ["protocol", "../sse/a.ts"],
    ["auth", "../http/a.ts"],
    ["provider", "../generation/a.ts"],
    ["generation", "../../stream/a.ts"],
    ["generation", "../testing/a.ts"],
  ];
  for (const [room, specifier] of wrong) equal(importing(`${RELAY}/${room}/x.ts`, specifier), 1, room);
});

Deno.test("an area imports only from areas that it may know; the functions' tests may have a database, too", () => {
  const allowed: Record<string, string[]> = {
    supabase: ["supabase"],
    client: ["client"],
    playground: ["client", "playground"],
    dev: ["supabase", "client", "dev"],
    testkit: ["supabase", "client", "dev", "testkit"],
    bench: ["client", "dev", "testkit", "bench"],
    tests: AREAS,
  };
  for (const [from, known] of Object.entries(allowed)) {
    for (const file of ["x.ts", "x_test.ts"]) {
      const found = AREAS.filter((to) => importing(`${from}/${file}`, `../${to}/a.ts`) === 0);
      const more = from === "supabase" && file === "x_test.ts" ? ["testkit"] : [];
      equal(found, [...known, ...more], `${from}/${file}`);
    }
  }
});

Deno.test("every form of an import counts, and none in a comment or a text", () => {
  const forms = [
    `import type { A } from "../tests/a.ts";`,
    `export {\n  a,\n} from "../tests/a.ts";`,
    `import "../tests/a.ts";`,
    `const a = await import("../tests/a.ts");`,
  ];
  for (const form of forms) equal(offences("dev/x.ts", `${form}\n`), 1, form);
  equal(offences("dev/x.ts", `// import "../tests/a.ts";\nconst a = 'import { a } from "../tests/a.ts"';\n`), 0);
});

Deno.test("files that import each other are an offence, wherever they are and whatever they import", () => {
  const [circle, ...others] = checkLayers({
    "tests/a.ts": `import { b } from "./deep/b.ts";\n`,
    "tests/deep/b.ts": `import { c } from "./c.ts";\n`,
    "tests/deep/c.ts": `import type { A } from "../a.ts";\n`,
    "tests/d.ts": `import { a } from "./a.ts";\n`,
  });
  equal(circle, "tests/a.ts imports tests/deep/b.ts imports tests/deep/c.ts imports tests/a.ts: a circle");
  equal(others, []);
});

Deno.test("what a deployment would not carry is an offence", () => {
  for (const specifier of ["../../../dev/a.ts", "./a", "jsr:@std/a", "node:fs"]) {
    equal(importing("supabase/functions/stream/x.ts", specifier), 1, specifier);
  }
});

Deno.test("the runtime is touched in one room alone", () => {
  for (const use of [`Deno.env.get("A")`, "Date.now()", "setTimeout(f, 1)", `console.log("a")`, "EdgeRuntime"]) {
    equal(offences(`${RELAY}/generation/x.ts`, `const a = ${use};\n`), 1, use);
    equal(offences(`${RELAY}/platform/x.ts`, `const a = ${use};\n`), 0, use);
  }
  equal(offences(`${RELAY}/generation/x.ts`, "// Not Date.now()\n/** Nor console. */\nconst a = 1;\n"), 0);
});

Deno.test("an entry point only wires, and a file has at most 300 lines", () => {
  const entry = "supabase/functions/stream/index.ts";
  equal([offences(entry, "if (a) b();\n"), offences(entry, "a();\n".repeat(16))], [1, 1]);
  equal(offences(entry, "a();\n".repeat(15)), 0);
  equal([offences("dev/x.ts", "a();\n".repeat(300)), offences("dev/x.ts", "a();\n".repeat(301))], [0, 1]);
});

Deno.test("a function of the relay's source has at most 60 lines", () => {
  const lint = (file: string, lines: number) =>
    Deno.lint.runPlugin(house, `/repository/${file}`, `const f = () => {\n${"a();\n".repeat(lines - 2)}};\n`);
  equal(lint(`${RELAY}/http/x.ts`, 60), []);
  equal(lint(`${RELAY}/http/x.ts`, 61).map(({ message }) => message), ["The function has 61 lines, the limit is 60"]);
  for (const file of [`${RELAY}/http/x_test.ts`, `${RELAY}/testing/x.ts`, "dev/x.ts"]) equal(lint(file, 61), []);
});

Deno.test("no object literal of the relay's source has a getter; a class may", () => {
  const lint = (file: string, source: string) => Deno.lint.runPlugin(house, `/repository/${file}`, source).length;
  const literal = "const a = { b: 1, get c() { return 1; } };\n";
  equal(lint(`${RELAY}/http/x.ts`, literal), 1);
  equal(
    lint(`${RELAY}/http/x.ts`, "class A { get c() { return 1; } }\nconst a = { get() {}, get: 1, c: () => 1 };\n"),
    0,
  );
  for (const file of [`${RELAY}/http/x_test.ts`, `${RELAY}/testing/x.ts`, "dev/x.ts"]) {
    equal(lint(file, literal), 0, file);
  }
});
