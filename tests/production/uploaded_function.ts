/**
 * Runs one function as it was uploaded: its files alone in an empty folder, on the Deno that the edge runtime embeds,
 * with the import map and the entry point that the upload names. What works here needs nothing of the repository.
 */
import { RUNTIME_DENO, runtimeDeno } from "../../dev/runtime_deno.ts";
import { unpack, type Upload } from "./management_api.ts";
import { neutralEnvironment } from "./supabase_cli.ts";

let runtime: Promise<string | null> | undefined;

/** A function that serves; requests go to `${url}/${slug}`, which is what a function sees of them when hosted. */
export interface RunningFunction {
  readonly url: string;
  stop(): Promise<void>;
}

/** Unpacks an upload and starts it; throws with what it wrote if it ends before it serves. */
export async function startUploaded(upload: Upload, env: Record<string, string>): Promise<RunningFunction> {
  const deno = await (runtime ??= runtimeDeno());
  if (deno === null) {
    throw new Error(`Cannot run Deno ${RUNTIME_DENO}: npx cannot bring it`);
  }
  const folder = await Deno.makeTempDir({ prefix: `relay-uploaded-${upload.slug}-` });
  await unpack(upload, folder);
  const { entrypoint_path, import_map_path } = upload.metadata;
  const entry = new URL("./edge_entry.ts", import.meta.url);
  const child = new Deno.Command(deno, {
    args: [
      ...["run", "-A", "--no-config", "--no-lock", "--node-modules-dir=none"],
      ...(import_map_path ? ["--import-map", `${folder}/${import_map_path}`] : []),
      entry.href,
      new URL(entrypoint_path, `file://${folder}/`).href,
    ],
    cwd: folder,
    clearEnv: true,
    env: { ...neutralEnvironment(), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();

  const stop = async () => {
    try {
      child.kill("SIGTERM");
    } catch (cause) {
      // It has ended by itself already.
      if (!(cause instanceof TypeError)) throw cause;
    }
    await Promise.all([child.status, errors]);
    await Deno.remove(folder, { recursive: true });
  };

  const port = await announcedPort(child.stdout);
  if (port === undefined) {
    await stop();
    throw new Error(`Cannot start "${upload.slug}": it ended before it served\n${await errors}`);
  }
  return { url: `http://127.0.0.1:${port}`, stop };
}

/** Reads up to the line of `edge_entry.ts` that has the port; the rest flows away, so that no pipe is ever full. */
async function announcedPort(output: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<number | undefined> {
  const port = Promise.withResolvers<number | undefined>();
  (async () => {
    let seen = "";
    for await (const text of output.pipeThrough(new TextDecoderStream())) {
      seen += text;
      const announced = /^\{"listening":(\d+)\}$/m.exec(seen);
      if (announced) port.resolve(Number(announced[1]));
    }
    port.resolve(undefined);
  })();
  return await port.promise;
}
