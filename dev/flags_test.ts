import { deepStrictEqual as equal, throws } from "node:assert/strict";
import { parseFlags } from "./flags.ts";

const DEFAULTS = { port: 54321, json: false, help: false };

Deno.test("parseFlags() gives the documented port where none is named", () => {
  equal(parseFlags([]), DEFAULTS);
});

Deno.test("parseFlags() takes a value after a space or an equals sign", () => {
  const wanted = { ...DEFAULTS, port: 0, data: "a b", json: true };
  equal(parseFlags(["--port", "0", "--data", "a b", "--json"]), wanted);
  equal(parseFlags(["--port=0", "--data=a b", "--json"]), wanted);
});

Deno.test("parseFlags() takes URLs of a database and of a provider", () => {
  const database = "postgresql://me:secret@localhost:5432/postgres";
  const provider = "https://provider.example/v1?key=a=b";
  equal(parseFlags([`--database=${database}`, `--provider=${provider}`]), { ...DEFAULTS, database, provider });
});

Deno.test("parseFlags() lets the last of several equal flags win", () => {
  equal(parseFlags(["--port", "1", "--port", "2"]), { ...DEFAULTS, port: 2 });
});

Deno.test("parseFlags() names what is wrong, and never a password", () => {
  const wrong: [string[], string][] = [
    [["--prot", "1"], `"--prot" is not a flag, --help lists them`],
    [["-p"], `"-p" is not a flag, --help lists them`],
    [["stray"], `"stray" is not a flag, --help lists them`],
    [["--port", "65536"], `--port is "65536", not a number from 0 to 65535`],
    [["--port", "1e3"], `--port is "1e3", not a number from 0 to 65535`],
    [["--port=-1"], `--port is "-1", not a number from 0 to 65535`],
    [["--port"], "--port is without a value"],
    [["--port="], "--port is without a value"],
    [["--data", "--json"], "--data is without a value"],
    [["--json=yes"], "--json takes no value"],
    [["--provider", "ftp://x"], "--provider is not a URL that begins with http://"],
    [["--database", "mysql://me:secret@localhost/x"], "--database is not a URL that begins with postgres://"],
  ];
  for (const [args, reason] of wrong) {
    const error = { name: "TypeError", message: `Cannot start: ${reason}` };
    throws(() => parseFlags(args), error);
  }
});
