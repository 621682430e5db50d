import { createVerifier } from "../_relay/auth/verify.ts";
import { createCalls } from "../_relay/database/calls.ts";
import { createDatabase } from "../_relay/database/database.ts";
import { createRefusals } from "../_relay/http/refusals.ts";
import { createPlatform } from "../_relay/platform/platform.ts";
import { createCancelHandler } from "./handler.ts";

const platform = createPlatform();
const database = createDatabase(platform);
const refusals = createRefusals(platform, database.countRefusals);
const verify = createVerifier(platform);
Deno.serve(createCancelHandler({ platform, refusals, verify, database, calls: createCalls(platform) }));
