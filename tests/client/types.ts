/** Holds the transport to the types of older versions of the AI SDK. */

import importMap from "../../import_map.json" with { type: "json" };
import { run } from "./runtimes.ts";

const VERSIONS = ["ai-5", "ai-6"] as const;

Deno.test(`the transport fits the types of ${VERSIONS.map((name) => importMap.imports[name]).join(" and ")}, too`, async () => {
  const folder = await Deno.makeTempDir();
  try {
    // A copy for each, so that one compiler checks both.
    for (const name of VERSIONS) await run("cp", ["-r", "client", `${folder}/${name}`]);
    const scopes = Object.fromEntries(VERSIONS.map((name) => [`./${name}/`, { ai: importMap.imports[name] }]));
    await Deno.writeTextFile(`${folder}/map.json`, JSON.stringify({ imports: importMap.imports, scopes }));
    const flags = ["--quiet", "--no-lock", "--no-config", `--import-map=${folder}/map.json`];
    await run(Deno.execPath(), ["check", ...flags, ...VERSIONS.map((name) => `${folder}/${name}/ai_sdk/transport.ts`)]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
