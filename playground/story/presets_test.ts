/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import { PROVIDERS } from "../data/providers.ts";
import { presetNote, presetOf, withModel, withProvider } from "./presets.ts";

const [openai, anthropic] = PROVIDERS;
const [[model, window]] = Object.entries(anthropic.models);
const EMPTY = { access_path: "", api: "chat_completions", model: "", context_tokens: "" };

Deno.test("presetOf() finds a provider by its address, and takes no other server for it", () => {
  for (const preset of PROVIDERS) equal(presetOf(` ${preset.base_url}/`), preset);
  equal(presetOf("https://API.openai.com/v1"), openai);
  equal(["", "https:", "https://api.openai.com/v2", "https://api.openai.com.test/v1"].map(presetOf), [
    ...[undefined, undefined, undefined, undefined],
  ]);
});

Deno.test("a provider sets address and API, and the window only where there is none or its own", () => {
  const { base_url: access_path, api } = anthropic;
  equal(withProvider(anthropic, EMPTY, ""), { ...EMPTY, access_path, api });
  const entered = { ...EMPTY, model };
  equal(withProvider(anthropic, entered, ""), { access_path, api, model, context_tokens: String(window) });
  equal(withProvider(anthropic, { ...entered, context_tokens: "8000" }, "").context_tokens, "8000");
  equal(withProvider(anthropic, { ...entered, context_tokens: "8000" }, "9000").context_tokens, "8000");
  equal(withProvider(openai, { ...entered, context_tokens: "9000" }, "9000").context_tokens, "");
});

Deno.test("another model has its own window, or none that is known", () => {
  const entered = { ...EMPTY, access_path: anthropic.base_url, context_tokens: "9000" };
  equal(withModel({ ...entered, model: ` ${model} ` }, "9000").context_tokens, String(window));
  equal(withModel({ ...entered, model: "toString" }, "9000").context_tokens, "");
  equal(withModel({ ...entered, model }, "").context_tokens, "9000");
  equal(withModel({ ...entered, access_path: "https://own.test/v1", model }, "9000").context_tokens, "");
});

Deno.test("presetNote() says what is left to do", () => {
  const done = "Base URL and API are those of Anthropic.";
  equal(presetNote(anthropic, "", true), `${done} Now enter its key and choose a model.`);
  equal(presetNote(anthropic, model, true), `${done} Now enter its key.`);
  equal(presetNote(anthropic, "gpt", false), `${done} Now choose a model.`);
  equal(presetNote(anthropic, model, false), done);
  equal(presetNote({ ...anthropic, needs_key: false }, model, true), done);
});
