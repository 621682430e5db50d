import { createVerifier } from "../_shared/auth/verify.ts";
import { createDatabase } from "../_shared/database/database.ts";
import { createPlatform } from "../_shared/platform/platform.ts";
import { createCancelHandler } from "./handler.ts";

const platform = createPlatform();
const database = createDatabase(platform);
Deno.serve(
  createCancelHandler({ platform, verify: createVerifier(platform), database }),
);
