/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import { isComposing, shortcutOf } from "./keyboard.ts";

const PRESS = {
  ...{ altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, isComposing: false, keyCode: 0 },
  ...{ repeat: false, defaultPrevented: false },
};
const AT_REST = [false, false, true] as const;
const TYPING = [true, false, true] as const;

Deno.test("a key alone is a shortcut only where no text is entered, and only if it is wanted", () => {
  const pressed = ["n", "s", "e", "?", "x"].map((key) => ({ ...PRESS, key, shiftKey: key === "?" }));
  equal(pressed.map((press) => shortcutOf(press, ...AT_REST)), ["new", "search", "edit", "help", null]);
  equal(pressed.map((press) => shortcutOf(press, ...TYPING)), [null, null, null, null, null]);
  equal(pressed.map((press) => shortcutOf(press, false, false, false)), [null, null, null, null, null]);
});

Deno.test("with its modifiers it is one everywhere, and with any others nowhere", () => {
  const press = (key: string, ...held: ("altKey" | "ctrlKey" | "metaKey" | "shiftKey")[]) => ({
    ...PRESS,
    key,
    ...Object.fromEntries(held.map((name) => [name, true])),
  });
  equal(shortcutOf(press("N", "altKey", "shiftKey"), ...TYPING), "new");
  equal(shortcutOf(press("N", "altKey", "shiftKey"), true, false, false), "new");
  equal(shortcutOf(press("S", "ctrlKey", "shiftKey"), true, true, true), "search");
  const others = [
    press("n", "ctrlKey"),
    press("n", "metaKey"),
    press("n", "altKey"),
    press("N", "shiftKey"),
    press("N", "ctrlKey", "shiftKey"),
    press("N", "ctrlKey", "altKey", "shiftKey"),
    press("?", "altKey", "shiftKey"),
  ];
  equal(others.map((other) => shortcutOf(other, ...AT_REST)), others.map(() => null));
  equal(shortcutOf(press("N", "altKey", "shiftKey"), true, true, true), null);
});

Deno.test("keys that are held, that something has taken, and those of an input method are none", () => {
  for (const how of [{ repeat: true }, { defaultPrevented: true }, { isComposing: true }, { keyCode: 229 }]) {
    equal(shortcutOf({ ...PRESS, key: "n", ...how }, ...AT_REST), null);
  }
  equal([{ ...PRESS, isComposing: true }, { ...PRESS, keyCode: 229 }, PRESS].map(isComposing), [true, true, false]);
});
