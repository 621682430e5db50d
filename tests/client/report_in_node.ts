/** The suite's entry for Node: the world comes as an argument, the report goes to stdout. */

import process from "node:process";
import { report } from "./report.ts";

const outcomes = await report(JSON.parse(process.argv[2]));
process.stdout.write(JSON.stringify(outcomes));
