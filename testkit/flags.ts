/** Reads the flags of a script, and names the one that is wrong. */

import { parseArgs, type ParseArgsConfig } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** The values by name; throws a TypeError for people. */
export function readFlags<const T extends Options>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, strict: true }).values;
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    const name = /'([^']*)'/.exec(message)?.[1].replace(/^-\w, /, "").split(/[ =]/)[0] ?? "";
    const reason = code !== "ERR_PARSE_ARGS_INVALID_OPTION_VALUE"
      ? `"${name}" is not a flag, --help lists them`
      : options[name.slice(2)]?.type === "boolean"
      ? `${name} takes no value`
      : `${name} needs a value`;
    throw new TypeError(`Cannot start: ${reason}`);
  }
}

/** A whole number; undefined stays undefined. */
export function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,10}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new TypeError(`Cannot start: --${name} is "${text}", not a number`);
}
