/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import type { Message } from "../data/rows.ts";
import { createTree } from "./tree.ts";

/** Messages from paths: `a` is a root, `a.b` is a child of `a`. Capitals are the user's messages. */
function messages(...paths: string[]): Message[] {
  return paths.map((path) => {
    const [id, parent_id = null] = path.split(".").reverse();
    return { id, parent_id, content: id, is_user_author: id === id.toUpperCase() } as Message;
  });
}

const TREE = createTree(messages("A", "A.b", "A.c", "b.D", "D.e", "b.F", "F.g", "H"));

const names = (found: Message[]) => found.map(({ id }) => id).join("");

Deno.test("pathTo() leads from the root to the message, and is empty for an unknown one", () => {
  equal(["e", "c", "x", null].map((id) => names(TREE.pathTo(id))), ["AbDe", "Ac", "", ""]);
});

Deno.test("versionsOf() finds the siblings by the same author", () => {
  const versions = (id: string, tree = TREE) => {
    const { all, index } = tree.versionsOf(tree.get(id)!);
    return [names(all), index];
  };
  equal(versions("c"), ["bc", 1]);
  equal(versions("F"), ["DF", 1]);
  equal(versions("A"), ["AH", 0]);
  equal(versions("e"), ["e", 0]);
  equal(versions("c", createTree(messages("A", "A.B", "A.c"))), ["c", 0]);
});

Deno.test("leafBelow() follows the latest branch", () => {
  equal(["A", "b", "D", "e"].map((id) => TREE.leafBelow(id)), ["c", "g", "e", "e"]);
});

Deno.test("outline() indents below forks only, and marks the path", () => {
  const rows = TREE.outline("e").map(({ message, depth, onPath }) => `${depth}${message.id}${onPath ? "*" : ""}`);
  equal(rows, ["0A*", "1b*", "2D*", "2e*", "2F", "2g", "1c", "0H"]);
});

Deno.test("branches counts the leaves", () => {
  equal([TREE.branches, createTree([]).branches], [4, 0]);
});

Deno.test("a conversation of 20,000 messages does not overflow the stack", () => {
  const long = createTree(messages("0", ...Array.from({ length: 19_999 }, (_, index) => `${index}.${index + 1}`)));
  equal(long.leafBelow("0"), "19999");
  equal(long.outline("19999").length, 20_000);
  equal(long.pathTo("19999").length, 20_000);
});
