import { createPlatform } from "../_relay/platform/platform.ts";
import { createStreamDependencies } from "../stream/dependencies.ts";
import { createStreamsHandler } from "./handler.ts";

const platform = createPlatform();
Deno.serve(createStreamsHandler(createStreamDependencies(platform)));
