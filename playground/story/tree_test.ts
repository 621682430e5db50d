/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import type { Message } from "../data/rows.ts";
import { createTree } from "./tree.ts";

/** Messages by their names: `a` is a root, `a.b` answers it; capitals are the user's. */
function messages(...paths: string[]): Message[] {
  return paths.map((path, index) => {
    const names = path.split(".");
    const id = names.at(-1)!;
    return {
      id,
      parent_id: names.at(-2) ?? null,
      content: id,
      is_user_author: id === id.toUpperCase(),
      is_complete: true,
      finish_reason: null,
      created_at: String(index),
    };
  });
}

const STORY = createTree(messages("A", "A.b", "A.c", "b.D", "D.e", "b.F", "F.g", "H"));

const names = (found: Message[]) => found.map(({ id }) => id).join("");

Deno.test("pathTo() leads from the root to the message, and nowhere for an unknown one", () => {
  equal(names(STORY.pathTo("e")), "AbDe");
  equal(names(STORY.pathTo("c")), "Ac");
  equal(STORY.pathTo("x"), []);
  equal(STORY.pathTo(null), []);
});

Deno.test("versionsOf() finds who answers the same message and has the same author", () => {
  const versions = (id: string) => {
    const { all, index } = STORY.versionsOf(STORY.get(id)!);
    return [names(all), index];
  };
  equal(versions("c"), ["bc", 1]);
  equal(versions("F"), ["DF", 1]);
  equal(versions("A"), ["AH", 0]);
  equal(versions("e"), ["e", 0]);
  const mixed = createTree(messages("A", "A.B", "A.c"));
  equal(names(mixed.versionsOf(mixed.get("c")!).all), "c");
});

Deno.test("leafBelow() always takes the latest branch", () => {
  equal(STORY.leafBelow("A"), "c");
  equal(STORY.leafBelow("b"), "g");
  equal(STORY.leafBelow("D"), "e");
  equal(STORY.leafBelow("e"), "e");
});

Deno.test("outline() goes deeper at forks alone, and knows what is read", () => {
  const rows = STORY.outline("e").map(({ message, depth, onPath }) => `${depth}${message.id}${onPath ? "*" : ""}`);
  equal(rows, ["0A*", "1b*", "2D*", "2e*", "2F", "2g", "1c", "0H"]);
});

Deno.test("branches counts the ends, none before the beginning", () => {
  equal(STORY.branches, 4);
  equal(createTree([]).branches, 0);
});

Deno.test("a story of 20,000 parts is no deeper than the stack", () => {
  const long = createTree(
    Array.from(
      { length: 20_000 },
      (_, index): Message => ({
        id: String(index),
        parent_id: index === 0 ? null : String(index - 1),
        content: "",
        is_user_author: index % 2 === 0,
        is_complete: true,
        finish_reason: null,
        created_at: "",
      }),
    ),
  );
  equal(long.leafBelow("0"), "19999");
  equal(long.outline("19999").length, 20_000);
  equal(long.pathTo("19999").length, 20_000);
});
