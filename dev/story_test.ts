import { deepStrictEqual as equal, ok, throws } from "node:assert/strict";
import { RelayClientError, type Result } from "../client/client.ts";
import { exitCodeOf, HELP, parseStoryFlags, summaryOf } from "./story.ts";

const URL_AND_TOKEN = ["--url", "http://relay.test", "--token=jwt"];

function parse(args: string[], environment: Record<string, string> = {}) {
  return parseStoryFlags(args, (name) => environment[name]);
}

Deno.test("the words of a command are the prompt, and its flags go before the environment", () => {
  const given = {
    prompt: "Tell me",
    url: "http://relay.test",
    token: "jwt",
    conversation: "c1",
    bot: "b1",
    json: true,
  };
  const args = [...URL_AND_TOKEN, "--conversation", "c1", "Tell", "--bot=b1", "me", "--json"];
  equal(parse(args, { RELAY_URL: "http://other.test", RELAY_TOKEN: "other" }), given);
  const { url, token } = parse(["Hello"], { RELAY_URL: "http://other.test", RELAY_TOKEN: "other" });
  equal({ url, token }, { url: "http://other.test", token: "other" });
});

Deno.test("a message names what is missing or wrong, with where to get it", () => {
  const cases: [string[], RegExp][] = [
    [["Hi"], /^Cannot stream a story: neither --url nor RELAY_URL is set; `deno task dev` starts/],
    [["--url=http://relay.test", "Hi"], /neither --token nor RELAY_TOKEN/],
    [["--url=relay.test", "--token=jwt", "Hi"], /URL is "relay.test", not one/],
    [URL_AND_TOKEN, /there is no prompt/],
    [["--token"], /--token needs a value/],
  ];
  for (const [args, message] of cases) {
    throws(() => parse(args), { name: "TypeError", message });
  }
  for (const flag of ["--url", "--token", "--conversation", "--bot", "--json"]) ok(HELP.includes(`\n  ${flag} `), flag);
});

Deno.test("the end of a story says how it ended, and what was stored", () => {
  const error = new RelayClientError("provider_timeout", "Too slow");
  const cases: [Partial<Result>, string, number][] = [
    [{}, "The end (stop): stored as message a1, 4 characters", 0],
    [{ messageId: null }, "The end (stop): the relay is still storing it", 0],
    [{ outcome: "cancelled" }, "Stopped: stored as message a1, 4 characters", 130],
    [{ outcome: "cancelled", text: "", messageId: null }, "Stopped: nothing was stored", 130],
    [{ outcome: "disconnected" }, "The relay lost its reader: stored as message a1, 4 characters", 1],
    [{ outcome: "failed", error, text: "", messageId: null }, "Too slow (provider_timeout): nothing was stored", 1],
    [
      { outcome: "failed", error: new RelayClientError("not_found", "No such path"), text: "", messageId: null },
      "No such path (not_found): nothing was stored; the URL must be that of the functions, such as …/functions/v1",
      1,
    ],
  ];
  const whole = { outcome: "completed", streamId: "s1", text: "Once", messageId: "a1", finishReason: "stop" };
  for (const [overrides, summary, code] of cases) {
    const result = { ...whole, usage: null, error: null, ...overrides } as Result;
    equal([summaryOf(result), exitCodeOf(result)], [summary, code]);
  }
});
