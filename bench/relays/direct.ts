/** No relay: what the driver and the provider cost by themselves. */

import { COMPLETION, post } from "./http.ts";
import type { Relay } from "./relay.ts";

export const direct: Relay = {
  name: "direct",
  title: "direct, no relay",
  start: ({ providerPort }) =>
    Promise.resolve({
      pid: null,
      requests: (plan, count) =>
        Promise.resolve(Array(count).fill(post(providerPort, `/${plan}/v1/chat/completions`, COMPLETION))),
      stop: () => Promise.resolve(),
    }),
};
