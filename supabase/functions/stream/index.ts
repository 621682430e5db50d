import { createPlatform } from "../_relay/platform/platform.ts";
import { createStreamDependencies } from "./dependencies.ts";
import { createStreamHandler } from "./handler.ts";

const platform = createPlatform();
Deno.serve(createStreamHandler(createStreamDependencies(platform)));
