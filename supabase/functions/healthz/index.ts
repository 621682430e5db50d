import { createDatabase } from "../_shared/database/database.ts";
import { createRefusals } from "../_shared/http/refusals.ts";
import { createPlatform } from "../_shared/platform/platform.ts";
import { createHealthHandler } from "./handler.ts";

const platform = createPlatform();
const database = createDatabase(platform);
const refusals = createRefusals(platform, database.countRefusals);
Deno.serve(createHealthHandler({ platform, refusals, database }));
