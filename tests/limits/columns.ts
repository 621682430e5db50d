/** How long the texts of rows may be, as docs/limits.md has it. */

import { ok } from "node:assert/strict";
import { insert, makeBot, rest } from "../../testkit/people.ts";
import type { Limit } from "./limit_stack.ts";

const page = Deno.readTextFileSync(new URL("../../docs/limits.md", import.meta.url));
const rows = [...page.matchAll(/^\| `(\w+)\.(\w+)` *\| ([\d,]+) characters( of JSON)? .*`23514` with `(\w+)`/gm)]
  .map(([, table, column, bound, isJson, constraint]) => ({
    table,
    column,
    bound: Number(bound.replaceAll(",", "")),
    isJson: isJson !== undefined,
    constraint,
  }));
ok(rows.length === 13, `docs/limits.md has ${rows.length} columns with a bound`);

/** Clients may not write these. */
const RELAYS_OWN = ["stream_id", "finish_reason", "usage"];

export const columnLimits: Limit[] = rows.map(({ table, column, bound, isJson, constraint }) => ({
  title: `${table}.${column} may have ${bound} characters`,
  async run({ stack: { target }, client: { user } }) {
    const id = table === "bots"
      ? await makeBot(target, user, "https://provider.example/v1")
      : await rowOf(table, (name, row) => insert(target, user, name, { user_id: user.id, ...row }, keyOf(name)));
    // As Postgres writes an object of one text, it has nine characters more than the text.
    const value = (length: number) => isJson ? { x: "x".repeat(length - 9) } : "x".repeat(length);
    const write = (length: number) =>
      rest(target, RELAYS_OWN.includes(column) ? "service" : user, `${table}?${keyOf(table)}=eq.${id}`, {
        method: "PATCH",
        body: { [column]: value(length) },
      });
    await write(bound);
    // The embedded Data API does not give the code, which pgTAP looks at.
    const refusal = await write(bound + 1).then(() => "It was taken", String);
    ok(refusal.includes(`Cannot write ${table}.${column}: `) || refusal.includes(constraint), refusal.slice(0, 300));
  },
}));

function keyOf(table: string): string {
  return table === "memories" ? "message_id" : "id";
}

/** Makes a conversation, or an answer in one, which may have a memory. */
async function rowOf(
  table: string,
  add: (table: string, row: Record<string, unknown>) => Promise<{ id: string }>,
): Promise<string> {
  const { id } = await add("conversations", {});
  if (table === "conversations") return id;
  const message = await add("messages", { conversation_id: id, is_user_author: false });
  if (table === "memories") await add(table, { message_id: message.id, content: "x" });
  return message.id;
}
