/** What one scenario of the contract is. */

import type { Target } from "../../testkit/people.ts";
import type { ScriptedProvider } from "../../testkit/provider.ts";

/** One rule of the contract, shown on whatever relay it is given. */
export interface Scenario {
  title: string;
  /** True if there is nothing to see unless the target has a log. */
  needsLog?: boolean;
  /** Of what depends on the provider's API: where it holds; absent: everywhere. */
  apis?: string[];
  run(target: Target, provider: ScriptedProvider): Promise<void>;
}
