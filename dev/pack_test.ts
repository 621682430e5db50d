import { deepStrictEqual as equal, throws } from "node:assert/strict";
import { checkFiles, compile, type Files, type Manifest, publishedManifest } from "./pack.ts";

const MANIFEST: Manifest = {
  name: "@storytellr/client",
  version: "1.2.3",
  private: true,
  exports: { ".": "./client.ts", "./react": "./react/use_story.ts" },
  peerDependencies: { react: ">=18", "@ai-sdk/react": "^4" },
};

/** Compiles these sources, beginning with client.ts. */
const built = (sources: Files) => compile(["client.ts"], (path) => sources[path]);

Deno.test("each entry is published as JavaScript with its types", () => {
  equal(publishedManifest(MANIFEST), {
    name: "@storytellr/client",
    version: "1.2.3",
    main: "./client.js",
    types: "./client.d.ts",
    exports: {
      ".": { types: "./client.d.ts", default: "./client.js" },
      "./react": { types: "./react/use_story.d.ts", default: "./react/use_story.js" },
      "./package.json": "./package.json",
    },
    peerDependencies: MANIFEST.peerDependencies,
  });
});

Deno.test("a source becomes JavaScript with what it runs, and types with what they name", () => {
  const files = built({
    "client.ts": `import { inner } from "./lib/inner.ts";\nimport type { T } from "./types.ts";\n` +
      `export const start = (t: T): string => inner(t.name);\n`,
    "lib/inner.ts": `export function inner(text: string): string { return text; }\n`,
    "types.ts": `export interface T { name: string }\n`,
    "unused.ts": `export const unused = 1;\n`,
  });
  equal(Object.keys(files).sort(), ["client.d.ts", "client.js", "lib/inner.js", "types.d.ts"]);
  equal(files["client.js"], `import { inner } from "./lib/inner.js";\nexport const start = (t) => inner(t.name);\n`);
  equal(
    files["client.d.ts"],
    `import type { T } from "./types.js";\nexport declare const start: (t: T) => string;\n`,
  );
});

Deno.test("a type that would have to be worked out stops the build", () => {
  const sources = { "client.ts": "export const start = (text: string) => text.length;\n" };
  throws(() => built(sources), /^Error: Cannot compile client\.ts: .*isolatedDeclarations/);
});

Deno.test("what is missing where the package is installed is refused, by name", () => {
  const refused = (text: string, path = "a/b.d.ts") => checkFiles({ [path]: text }, MANIFEST);
  equal(refused("export type A = Deno.Conn;"), ["a/b.d.ts names Deno."]);
  equal(refused(`export type A = import("npm:x@1").A;`), [
    "a/b.d.ts names npm:",
    "a/b.d.ts imports npm:x@1, which is not in the package",
  ]);
  equal(refused("/** Not zod. */\nexport declare const a: zod.A;"), ["a/b.d.ts names zod"]);
  equal(refused(`import type { A } from "../../supabase/functions/a.js";`), [
    "a/b.d.ts imports ../../supabase/functions/a.js, which is not in the package",
  ]);
  equal(refused(`import { A } from "openai";`, "a.js"), ["a.js imports openai, which is not in the package"]);
  equal(refused(`import "zod";`, "a.js"), ["a.js imports zod, which is not in the package"]);
  equal(refused(`import { useChat } from "@ai-sdk/react";\nimport { a } from "../a.js";\n// Deno.cwd()`), []);
});
