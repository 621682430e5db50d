import { createPlatform } from "../_shared/platform/platform.ts";
import { createStreamDependencies } from "./dependencies.ts";
import { createStreamHandler } from "./handler.ts";

const platform = createPlatform();
Deno.serve(createStreamHandler(createStreamDependencies(platform)));
