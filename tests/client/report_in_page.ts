/** The suite's entry for a page. */

import { report } from "./report.ts";

Object.assign(globalThis, { report });
