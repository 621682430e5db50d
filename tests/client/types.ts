/** Holds the transport to the types of older versions of the AI SDK. */

import importMap from "../../import_map.json" with { type: "json" };
import { run } from "./runtimes.ts";

for (const version of ["ai-5", "ai-6"] as const) {
  Deno.test(`the transport fits the types of ${importMap.imports[version]} too`, async () => {
    const map = await Deno.makeTempFile({ suffix: ".json" });
    try {
      const imports = { ...importMap.imports, ai: importMap.imports[version] };
      await Deno.writeTextFile(map, JSON.stringify({ imports }));
      const flags = ["--quiet", "--no-lock", "--no-config", `--import-map=${map}`];
      await run(Deno.execPath(), ["check", ...flags, "client/ai_sdk/transport.ts"]);
    } finally {
      await Deno.remove(map);
    }
  });
}
