import { createDatabase } from "../_shared/database/database.ts";
import { createPlatform } from "../_shared/platform/platform.ts";
import { createHealthHandler } from "./handler.ts";

const platform = createPlatform();
Deno.serve(
  createHealthHandler({ platform, database: createDatabase(platform) }),
);
