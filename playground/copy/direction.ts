/** Which way a text runs, where the browser's own `dir="auto"` takes seconds: in a text area with a megabyte of text. */

/** How much of a text is looked at. */
const CHARACTERS = 1_000;

const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** That of the first letter; undefined: there is none. */
export function directionOf(text: string): "ltr" | "rtl" | undefined {
  const letter = /\p{L}/u.exec(text.slice(0, CHARACTERS))?.[0];
  return letter === undefined ? undefined : RIGHT_TO_LEFT.test(letter) ? "rtl" : "ltr";
}
