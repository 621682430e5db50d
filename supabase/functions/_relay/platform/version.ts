/** Which release this is; `deno task release` writes it, here and in client/package.json. */

export const VERSION = "0.1.0";
