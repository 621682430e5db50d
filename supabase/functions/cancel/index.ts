import { createVerifier } from "../_shared/auth/verify.ts";
import { createDatabase } from "../_shared/database/database.ts";
import { createRefusals } from "../_shared/http/refusals.ts";
import { createPlatform } from "../_shared/platform/platform.ts";
import { createCancelHandler } from "./handler.ts";

const platform = createPlatform();
const database = createDatabase(platform);
const refusals = createRefusals(platform, database.countRefusals);
const verify = createVerifier(platform);
Deno.serve(createCancelHandler({ platform, refusals, verify, database }));
