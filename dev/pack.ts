/** `deno task pack`: makes an npm package of `client/`: ESM with its types, in `dist/client`, and the tarball. */

import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { flagsOrExit, parseFlags } from "./flags.ts";
import { fail, note, print } from "./process.ts";

const HELP = `deno task pack [flags]

Makes an npm package of client/, and prints the path of its tarball. It needs npm.

  --out DIR   in place of dist: the package is written to DIR/client, the tarball to DIR
`;

const ROOT = new URL("../", import.meta.url);
const CLIENT = new URL("client/", ROOT);

/** What the package's types may not name, because it is missing or different where the package is installed. */
const FOREIGN = /\bzod\b|\b(?:npm|jsr|node):|\bDeno\./;

/** Matches the path or the package's name in an import. */
const SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)"([^"]+)"/g;

/** As much of client/package.json as the build reads; `exports` names sources. */
export interface Manifest {
  name: string;
  version: string;
  exports: Record<string, string>;
  peerDependencies?: Record<string, string>;
  [field: string]: unknown;
}

/** The text of each file, by its path in the package. */
export type Files = Record<string, string>;

/** The manifest that is published: each source as JavaScript with its types. */
export function publishedManifest({ private: _, exports, ...manifest }: Manifest) {
  const entries = Object.entries(exports).map(([name, source]) => {
    const path = source.replace(/\.ts$/, "");
    return [name, { types: `${path}.d.ts`, default: `${path}.js` }] as const;
  });
  const [, main] = entries.find(([name]) => name === ".")!;
  return {
    ...manifest,
    // For tools that do not read `exports`.
    main: main.default,
    types: main.types,
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
  };
}

/** JavaScript and types of the entries and of all that they import. Each file is compiled alone; no type is resolved. */
export function compile(entries: string[], read: (path: string) => string): Files {
  const files: Files = {};
  const visit = (path: string) => {
    const source = path.replace(/(\.d)?\.[jt]s$/, ".ts");
    if (path in files) return;
    const text = emit(source, read(source), path.endsWith(".d.ts"));
    files[path] = text;
    for (const [, , specifier] of text.matchAll(SPECIFIER)) {
      if (!specifier.startsWith(".")) continue;
      const target = join(dirname(path), specifier);
      visit(path.endsWith(".d.ts") ? target.replace(/\.js$/, ".d.ts") : target);
    }
  };
  for (const entry of entries) {
    visit(entry.replace(/\.ts$/, ".js"));
    visit(entry.replace(/\.ts$/, ".d.ts"));
  }
  return files;
}

function emit(path: string, source: string, isTypes: boolean): string {
  const options = {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      declaration: isTypes,
      isolatedDeclarations: isTypes,
    },
  };
  const { outputText, diagnostics = [] } = isTypes
    ? ts.transpileDeclaration(source, options)
    : ts.transpileModule(source, options);
  if (diagnostics.length > 0) {
    const [{ messageText }] = diagnostics;
    throw new Error(`Cannot compile ${path}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
  }
  return outputText.replace(
    SPECIFIER,
    (statement, _, name) => name.startsWith(".") ? statement.replace(/\.ts"$/, '.js"') : statement,
  );
}

/** Gives one sentence for each thing that does not belong in the package. */
export function checkFiles(files: Files, { peerDependencies = {} }: Manifest): string[] {
  return Object.entries(files).flatMap(([path, text]) => {
    const foreign = FOREIGN.exec(text.replace(/^\s*\/?\*.*$|\/\/.*$/gm, ""))?.[0];
    const offences = foreign && path.endsWith(".d.ts") ? [`${path} names ${foreign}`] : [];
    for (const [, , specifier] of text.matchAll(SPECIFIER)) {
      const target = join(dirname(path), specifier);
      const [scope, name] = specifier.split("/");
      const isPeer = (specifier.startsWith("@") ? `${scope}/${name}` : scope) in peerDependencies;
      if (specifier.startsWith(".") ? target.startsWith("..") : !isPeer) {
        offences.push(`${path} imports ${specifier}, which is not in the package`);
      }
    }
    return offences;
  });
}

/** Writes the package to `out`/client; gives the path of the tarball. */
export async function pack(out: string): Promise<string> {
  const manifest: Manifest = JSON.parse(await Deno.readTextFile(new URL("package.json", CLIENT)));
  const files = compile(
    Object.values(manifest.exports).map((entry) => entry.replace(/^\.\//, "")),
    (path) => Deno.readTextFileSync(new URL(path, CLIENT)),
  );
  const offences = checkFiles(files, manifest);
  if (offences.length > 0) throw new Error(`Cannot pack the client: ${offences.join("; ")}`);

  const folder = join(out, "client");
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  files["package.json"] = JSON.stringify(publishedManifest(manifest), null, 2) + "\n";
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeTextFile(join(folder, path), text);
  }
  await Deno.copyFile(new URL("README.md", CLIENT), join(folder, "README.md"));
  await Deno.copyFile(new URL("LICENSE", ROOT), join(folder, "LICENSE"));
  return join(out, await npmPack(folder));
}

/** Gives the name of the tarball, which is written to the folder above. */
async function npmPack(folder: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("npm", {
    args: ["pack", "--json", "--pack-destination", ".."],
    cwd: folder,
    stdin: "null",
    env: { npm_config_update_notifier: "false" },
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot pack the client: ${text.decode(stderr).trim()}`);
  const [{ filename }] = Object.values<{ filename: string }>(JSON.parse(text.decode(stdout)));
  return basename(filename);
}

if (import.meta.main) {
  const { out } = flagsOrExit(
    HELP,
    (args) =>
      parseFlags("Cannot pack the client", args, {
        out: { type: "string", default: fileURLToPath(new URL("dist", ROOT)) },
      }),
  );
  try {
    const tarball = await pack(out);
    note(`${Math.ceil((await Deno.stat(tarball)).size / 1024)} KB`);
    print(`${tarball}\n`);
  } catch (error) {
    fail(error, 1);
  }
}
