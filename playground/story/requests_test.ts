/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import type { StartRequest } from "../../client/types.ts";
import type { Message } from "../data/rows.ts";
import { parentOf, retryOf, storedPrompt } from "./requests.ts";
import { createTree } from "./tree.ts";

const message = (id: string, parent_id: string | null) =>
  ({ id, parent_id, content: id, is_user_author: id === id.toUpperCase() }) as Message;

const place = { tree: { value: createTree([message("A", null), message("b", "A")]) }, leafId: { value: "b" } };

Deno.test("a request's parent is the message that it names, or the leaf that it follows", () => {
  const requests: StartRequest[] = [
    { prompt: "x" },
    { prompt: "x", parent_id: null },
    { prompt: "x", parent_id: 7 },
    { answer_to: "b" },
    { reroll_of: "b" },
    { reroll_of: "A" },
    { continue_of: "b" },
    { continue_of: "z" },
  ];
  equal(requests.map((request) => parentOf(place, request)), ["b", null, "7", "b", "A", "A", "A", undefined]);
});

Deno.test("a prompt that was stored before its refusal is found among the new messages below its parent", () => {
  const request = { prompt: "C" };
  const tree = createTree([message("A", null), message("b", "A"), message("C", "b")]);
  equal(storedPrompt(tree, request, "b", 0), "C");
  equal([storedPrompt(tree, request, "b", 1), storedPrompt(tree, { prompt: "D" }, "b", 0)], [undefined, undefined]);
  equal([storedPrompt(tree, null, "b", 0), storedPrompt(tree, request, undefined, 0)], [undefined, undefined]);
});

Deno.test("what failed is repeated from what there is of it", () => {
  equal(retryOf({ continue_of: "b" }, "c", "A"), { continue_of: "c" });
  equal(retryOf({ continue_of: "b" }, undefined, "A"), { continue_of: "b" });
  equal(retryOf({ prompt: "x" }, "c", "A"), { reroll_of: "c" });
  equal(retryOf({ answer_to: "b", bot_id: "crow" }, undefined, "b"), { answer_to: "b", bot_id: "crow" });
  equal(retryOf(null, undefined, "A"), { answer_to: "A", bot_id: undefined });
  equal(retryOf({ reroll_of: "b" }, undefined, undefined), { reroll_of: "b" });
  equal(retryOf({ prompt: "x" }, undefined, undefined), null);
});
