import { deepStrictEqual as equal, ok, throws } from "node:assert/strict";
import { parseStoryFlags, STORY_HELP } from "./story_flags.ts";

const URL_AND_TOKEN = ["--url", "http://relay.test", "--token=jwt"];

function parse(args: string[], environment: Record<string, string> = {}) {
  return parseStoryFlags(args, (name) => environment[name]);
}

Deno.test("a story is ordered by flags, the rest is the prompt", () => {
  const { help, ...flags } = parse([...URL_AND_TOKEN, "--conversation", "c1", "Tell", "--bot=b1", "me", "--json"]);
  equal(help, false);
  equal(flags, {
    prompt: "Tell me",
    url: "http://relay.test",
    token: "jwt",
    conversation: "c1",
    bot: "b1",
    json: true,
  });
});

Deno.test("flags go before the environment", () => {
  const environment = { RELAY_URL: "http://other.test", RELAY_TOKEN: "other" };
  const fromEnvironment = parse(["Hello"], environment);
  equal(fromEnvironment.url, environment.RELAY_URL);
  equal(fromEnvironment.token, environment.RELAY_TOKEN);
  equal(parse([...URL_AND_TOKEN, "Hello"], environment).token, "jwt");
});

Deno.test("what is missing or wrong is named, with where to get it", () => {
  const cases: [string[], RegExp][] = [
    [["Hi"], /neither --url nor RELAY_URL is set; `deno task dev` starts/],
    [["--url=http://relay.test", "Hi"], /neither --token nor RELAY_TOKEN/],
    [["--url=relay.test", "--token=jwt", "Hi"], /URL is "relay.test", not one/],
    [URL_AND_TOKEN, /there is no prompt/],
    [["--token"], /--token is without a value/],
    [["--colour=red"], /"--colour" is not a flag, --help lists them/],
  ];
  for (const [args, message] of cases) {
    throws(() => parse(args), (error: Error) => {
      ok(error instanceof TypeError);
      ok(message.test(error.message), error.message);
      ok(/^Cannot tell: .*[^.]$/.test(error.message));
      return true;
    });
  }
});

Deno.test("--help needs nothing else, and lists every flag", () => {
  equal(parse(["--help"]).help, true);
  for (const flag of ["--url", "--token", "--conversation", "--bot", "--json"]) {
    ok(STORY_HELP.includes(`\n  ${flag} `), flag);
  }
});
