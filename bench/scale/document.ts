/** Puts the tables into the page: nobody types a figure. */

import { between } from "../document.ts";

const DOCUMENT = new URL("../../docs/scale.md", import.meta.url);

/** Replaces what stands between the markers, and formats it as the gate wants it. */
export async function writeDocument(tables: string): Promise<void> {
  const text = await Deno.readTextFile(DOCUMENT);
  await Deno.writeTextFile(DOCUMENT, between(text, tables));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", DOCUMENT.pathname],
    stdin: "null",
  }).output();
  if (!success) throw new Error("Cannot format docs/scale.md");
}
