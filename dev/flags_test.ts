import { deepStrictEqual as equal, throws } from "node:assert/strict";
import { parseDevFlags } from "./dev.ts";

const DEFAULTS = { port: 54321, database: undefined, provider: undefined, json: false };

Deno.test("a flag's value stands after a space or an equals sign, and the last of several counts", () => {
  const database = "postgresql://me:secret@localhost:5432/postgres";
  const provider = "https://provider.example/v1?key=a=b";
  const cases: [string[], object][] = [
    [[], {}],
    [["--port", "0", "--data", "a b", "--json"], { port: 0, data: "a b", json: true }],
    [["--port=0", "--data=a b", "--json"], { port: 0, data: "a b", json: true }],
    [[`--database=${database}`, "--provider", provider], { database, provider }],
    [["--port", "1", "--port", "2"], { port: 2 }],
  ];
  for (const [args, wanted] of cases) equal(parseDevFlags(args), { ...DEFAULTS, ...wanted });
});

Deno.test("a message names the flag that is wrong, and never a password", () => {
  const wrong: [string[], string][] = [
    [["--prot", "1"], `"--prot" is not a flag, --help lists them`],
    [["-p"], `"-p" is not a flag, --help lists them`],
    [["stray"], `"stray" is not a flag, --help lists them`],
    [["--port", "65536"], `--port is "65536", not a number from 0 to 65535`],
    [["--port", "1e3"], `--port is "1e3", not a number from 0 to 65535`],
    [["--port=-1"], `--port is "-1", not a number from 0 to 65535`],
    [["--port"], "--port needs a value"],
    [["--port="], "--port needs a value"],
    [["--data", "--json"], "--data needs a value"],
    [["--json=yes"], "--json takes no value"],
    [["--provider", "ftp://x"], "--provider is not a URL that begins with http://"],
    [["--database", "mysql://me:secret@localhost/x"], "--database is not a URL that begins with postgres://"],
  ];
  for (const [args, reason] of wrong) {
    throws(() => parseDevFlags(args), { name: "TypeError", message: `Cannot start: ${reason}` });
  }
});
