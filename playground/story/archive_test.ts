/// <reference lib="deno.ns" />
import { deepStrictEqual as equal, ok, throws } from "node:assert/strict";
import type { Bot, Conversation, Message } from "../data/rows.ts";
import { type Archive, archiveOf, fileNameOf, markdownOf, readArchive, rowsToImport } from "./archive.ts";

const FOX = { id: "7", name: "Fox", model: "m1", access_path: "https://secret.test", system_prompt: "Secret" } as Bot;
const CONVERSATION: Conversation = {
  ...{ id: "c", title: "A tale", bot_id: "7", active_message_id: "b" },
  updated_at: "2026-11-27T10:00:00+00:00",
};

function message(id: string, parent_id: string | null, fields: Partial<Message> = {}): Message {
  const is_user_author = id === id.toUpperCase();
  return {
    ...{ id, parent_id, content: `text of ${id}`, is_user_author, is_complete: true, finish_reason: null },
    ...{
      bot_id: is_user_author ? null : "7",
      created_at: "2026-11-27T10:00:00.123456+00:00",
      cost: 3,
      memory: id === "b" ? "So far" : null,
    },
    ...fields,
  };
}

/** C was stored before what it follows. */
const MESSAGES = [
  message("C", "b"),
  message("A", null),
  message("b", "A"),
  message("d", "A", { bot_id: "9", is_complete: false, finish_reason: "cancelled" }),
];

const archived = () => archiveOf(CONVERSATION, MESSAGES, [FOX]);

Deno.test("a file has the whole tree, parents first, versions in their order, and bots without their secrets", () => {
  const archive = archived();
  equal(archive.messages.map(({ id, parent_id }) => [id, parent_id]), [["A", null], ["b", "A"], ["C", "b"], [
    "d",
    "A",
  ]]);
  equal(archive.bot, { id: "7", name: "Fox", model: "m1" });
  equal(archive.messages.map(({ bot }) => bot?.name), [undefined, "Fox", undefined, undefined]);
  equal(archive.messages[3], {
    ...{ id: "d", parent_id: "A", author: "bot", bot: null, content: "text of d" },
    ...{ is_complete: false, finish_reason: "cancelled", created_at: "2026-11-27T10:00:00.123456+00:00", memory: null },
  });
  ok(!/secret/i.test(JSON.stringify(archive)));
});

Deno.test("what was written is read again, and becomes rows for the database", () => {
  const archive = readArchive(JSON.stringify(archived()));
  equal(archive, archived());
  // A file from before there were memories in it.
  const old = JSON.parse(JSON.stringify(archived()), (key, value) => key === "memory" ? undefined : value);
  equal(rowsToImport(readArchive(JSON.stringify(old)), []).memories, [null, null, null, null]);
  const rows = rowsToImport(archive, [{ ...FOX, id: "8" }]);
  equal([rows.title, rows.bot_id, rows.active], ["A tale", "8", 2]);
  equal(rows.parents, [null, 1, 2, 1]);
  equal(rows.bot_ids, [null, "8", null, null]);
  equal(rows.memories, [null, "So far", null, null]);
  equal([rows.authors, rows.incomplete], [["user", "bot", "user", "bot"], [4]]);
  equal(rowsToImport(archive, [{ ...FOX, id: "8" }, FOX]).bot_id, "7");
  equal(rowsToImport(archive, []).bot_ids, [null, null, null, null]);
});

Deno.test("a file that cannot be imported is refused with the field that is wrong", () => {
  const changed = (change: (archive: Archive) => void) => {
    const archive = archived();
    change(archive);
    return JSON.stringify(archive);
  };
  // deno-lint-ignore no-explicit-any
  const first = (fields: any) => changed(({ messages }) => Object.assign(messages[0], fields));
  // deno-lint-ignore no-explicit-any
  const whole = (fields: any) => changed((archive) => Object.assign(archive, fields));
  const refused: [string, RegExp][] = [
    ["{", /not JSON/],
    ["[]", /The file must be an object/],
    ["{}", /: format must be "storytellr-story"/],
    [whole({ version: 2 }), /: version must be 1/],
    [whole({ title: "x".repeat(501) }), /: title may have at most 500 characters/],
    [whole({ messages: {} }), /: messages must be a list/],
    [whole({ messages: Array(10_001).fill(null) }), /: messages may have at most 10,000 entries/],
    [whole({ active_message_id: "z" }), /: active_message_id must be the id of a message/],
    [whole({ bot: { id: "7", name: 3 } }), /: bot\.name must be a text/],
    [first(null) && whole({ messages: [null] }), /: messages\[0\] must be an object/],
    [first({ id: 5 }), /: messages\[0\]\.id must be a text/],
    [changed(({ messages }) => messages[1].id = "A"), /: messages\[1\]\.id must be there, and no other/],
    [first({ parent_id: "b" }), /: messages\[0\]\.parent_id must be the id of an earlier message/],
    [first({ author: "system" }), /: messages\[0\]\.author must be "user" or "bot"/],
    [first({ content: "a\0" }), /: messages\[0\]\.content has characters that cannot be stored/],
    [first({ content: "\ud83d" }), /: messages\[0\]\.content has characters/],
    [first({ is_complete: 1 }), /: messages\[0\]\.is_complete must be true or false/],
    [first({ finish_reason: "stop" }), /: messages\[0\]\.finish_reason must be null/],
    [first({ memory: " \u0085" }), /: messages\[0\]\.memory must not be blank/],
    [first({ memory: 1 }), /: messages\[0\]\.memory must be a text/],
    [first({ created_at: "yesterday" }), /: messages\[0\]\.created_at must be a date/],
    [first({ created_at: "2026-11-27T10:00:00" }), /: messages\[0\]\.created_at must be a date/],
    [changed(({ messages }) => messages[3].is_complete = true), /: messages\[3\]\.is_complete must be false/],
  ];
  for (const [text, rule] of refused) {
    throws(() => readArchive(text), (error: Error) => rule.test(error.message), rule.source);
  }
});

Deno.test("Markdown has the title, and prompts as quotations", () => {
  const path = [message("A", null, { content: "One\n\ntwo" }), message("b", "A", { content: "\nOnce\n    code\n" })];
  equal(markdownOf("A\ntale", path), "# A tale\n\n> One\n>\n> two\n\nOnce\n    code\n");
  equal(markdownOf(" ", []), "# Untitled story\n");
});

Deno.test("a file is named after the title, in any language", () => {
  equal(fileNameOf("Die Füchse: 2/3 ", "md"), "Die-Füchse-2-3.md");
  equal(fileNameOf("きつね、の話", "json"), "きつね-の話.json");
  equal(fileNameOf("../..", "md"), "story.md");
  equal([...fileNameOf("🐉x".repeat(90), "md")].length, 63);
});
