import { createVerifier } from "../_shared/auth/verify.ts";
import { createDatabase } from "../_shared/database/database.ts";
import { createGenerations } from "../_shared/generation/generations.ts";
import { createPlatform } from "../_shared/platform/platform.ts";
import { createAddressCheck } from "../_shared/provider/address.ts";
import { createChatCompletions } from "../_shared/provider/chat_completions.ts";
import { createStreamHandler } from "./handler.ts";

const platform = createPlatform();
const database = createDatabase(platform);
const provider = createChatCompletions(platform.clock, platform.configuration);
const generations = createGenerations(platform, database, provider);
const checkAddress = createAddressCheck(platform.configuration);
const verify = createVerifier(platform);
Deno.serve(
  createStreamHandler({
    platform,
    verify,
    checkAddress,
    database,
    generations,
  }),
);
