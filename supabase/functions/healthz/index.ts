import { createDatabase } from "../_relay/database/database.ts";
import { createRefusals } from "../_relay/http/refusals.ts";
import { createPlatform } from "../_relay/platform/platform.ts";
import { createHealthHandler } from "./handler.ts";

const platform = createPlatform();
const database = createDatabase(platform);
const refusals = createRefusals(platform, database.countRefusals);
Deno.serve(createHealthHandler({ platform, refusals, database }));
