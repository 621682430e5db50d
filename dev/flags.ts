/** Reads a command's flags with node:util's parseArgs, and says what is wrong with them as the rest of the relay does. */

import { parseArgs } from "node:util";
import { fail, print } from "./process.ts";

/** The flags that a command has: those of type string need a value, those of type boolean take none. */
export type FlagTypes = Record<string, { type: "string" | "boolean"; default?: string | boolean }>;

/** What was given: the flags by name, and the words that belong to no flag. */
export type Flags<T extends FlagTypes> =
  & {
    [name in keyof T]: T[name]["type"] extends "string"
      ? T[name] extends { default: string } ? string : string | undefined
      : boolean;
  }
  & { words: string[] };

/** Throws a TypeError that names the flag: `Cannot start: --port needs a value`. Never repeats a flag's value. */
export function parseFlags<T extends FlagTypes>(
  action: string,
  args: string[],
  types: T,
  { takesWords = false } = {},
): Flags<T> {
  const { values, positionals, tokens } = parseArgs({
    args,
    options: types,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const unknown = (text: string) => new TypeError(`${action}: "${text}" is not a flag, --help lists them`);
  for (const token of tokens) {
    if (token.kind === "positional" && !takesWords) throw unknown(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    if (!Object.hasOwn(types, name)) throw unknown(rawName);
    if (types[name].type === "boolean") {
      if (value !== undefined) throw new TypeError(`${action}: ${rawName} takes no value`);
    } else if (!value || (!inlineValue && value.startsWith("-"))) {
      throw new TypeError(`${action}: ${rawName} needs a value`);
    }
  }
  const switches = Object.keys(types).filter((name) => types[name].type === "boolean").map((name) => [name, false]);
  return { ...Object.fromEntries(switches), ...values, words: positionals } as Flags<T>;
}

/** Gives what a command was asked for. Prints the help for --help, and ends with exit code 2 where a flag is wrong. */
export function flagsOrExit<T>(help: string, parse: (args: string[]) => T): T {
  try {
    if (!Deno.args.includes("--help")) return parse(Deno.args);
  } catch (error) {
    fail(error, 2);
  }
  print(help);
  Deno.exit(0);
}

/** Reads a port, from a flag or a variable. */
export function portOf(action: string, name: string, text: string): number {
  return integerOf(action, name, text, 0, 65535);
}

/** Reads a number, from a flag or a variable. */
export function integerOf(action: string, name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new TypeError(`${action}: ${name} is "${text}", not a number from ${min} to ${max}`);
}
