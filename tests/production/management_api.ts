/**
 * A stand-in for the part of api.supabase.com that `supabase functions deploy --use-api` speaks to, on loopback. It
 * keeps what was uploaded and publishes nothing.
 *
 * The real one builds a bundle from each upload. For several functions the CLI uploads them with `bundleOnly` and
 * publishes all at once with one PUT, for a single one the upload publishes; the stand-in accepts both.
 */

import { runSupabase } from "./supabase_cli.ts";

/** One function as it was uploaded: the files by their path in the project, and what the CLI says about them. */
export interface Upload {
  readonly slug: string;
  readonly metadata: {
    readonly name: string;
    readonly entrypoint_path: string;
    readonly import_map_path?: string;
    readonly static_patterns?: string[];
    readonly verify_jwt?: boolean;
  };
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What the stand-in was asked for. */
export interface Deployment {
  uploads: Upload[];
  /** The slugs that the closing PUT published, in its order. */
  published: string[];
  /** Requests for which the stand-in has no answer, such as "GET /v1/organizations". */
  unexpected: string[];
}

const PROJECT = "abcdefghijklmnopqrst";
// The CLI refuses tokens of another form before it sends anything.
const TOKEN = `sbp_${"0123456789".repeat(4)}`;

/** Deploys all functions of the project in a folder onto a stand-in. */
export async function deployFunctions(folder: string): Promise<Deployment> {
  const project = `/v1/projects/${PROJECT}`;
  const deployment: Deployment = { uploads: [], published: [], unexpected: [] };
  const { uploads, published, unexpected } = deployment;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (request.headers.get("authorization") !== `Bearer ${TOKEN}`) {
      return Response.json({ message: "Unauthorized" }, { status: 401 });
    }
    switch (`${request.method} ${pathname}`) {
      case `POST ${project}/functions/deploy`: {
        const upload = await readUpload(searchParams.get("slug") ?? "", await request.formData());
        uploads.push(upload);
        return Response.json(describe(upload.slug), { status: 201 });
      }
      case `PUT ${project}/functions`: {
        const functions: { slug: string }[] = await request.json();
        published.push(...functions.map(({ slug }) => slug));
        return Response.json({ functions: published.map(describe) });
      }
      case `GET ${project}/functions`:
        // With more than a few functions the CLI asks which ones are deployed.
        return Response.json([]);
      case `GET ${project}`:
        // The CLI asks for the project's name after the deployment and goes on without it.
        return Response.json({ message: "Project not found" }, { status: 404 });
      default:
        unexpected.push(`${request.method} ${pathname}`);
        await request.body?.cancel();
        return Response.json({ message: "Not found" }, { status: 404 });
    }
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  // This is how the CLI is pointed at another management API.
  const profile = `${folder}/profile.yaml`;
  await Deno.writeTextFile(
    profile,
    ["name: stand-in", `api_url: ${url}`, `dashboard_url: ${url}`, "project_host: localhost", ""].join("\n"),
  );
  const args = ["functions", "deploy", "--use-api", `--remote=${PROJECT}`, `--profile=${profile}`];
  const { code, answer, stderr } = await runSupabase(folder, args, { SUPABASE_ACCESS_TOKEN: TOKEN });
  if (code !== 0) throw new Error(`Cannot deploy: ${stderr}${JSON.stringify(answer)}`);
  return deployment;
}

/** Writes an upload into a folder, each file under the path that it was uploaded with. */
export async function unpack(upload: Upload, folder: string): Promise<void> {
  for (const [path, bytes] of upload.files) {
    if (path.startsWith("/") || path.split("/").includes("..")) {
      throw new RangeError(`Cannot unpack ${JSON.stringify(path)}: the path leaves the project`);
    }
    const target = `${folder}/${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(target, bytes);
  }
}

async function readUpload(slug: string, form: FormData): Promise<Upload> {
  const metadata = form.get("metadata");
  if (typeof metadata !== "string") {
    throw new TypeError(`Cannot read the upload of "${slug}": it has no part "metadata"`);
  }
  const files = new Map<string, Uint8Array>();
  for (const part of form.getAll("file")) {
    if (part instanceof File) files.set(part.name, await part.bytes());
  }
  return { slug, metadata: JSON.parse(metadata), files };
}

/** A function as the management API describes it, with the fields that the CLI demands. */
function describe(slug: string) {
  return { id: crypto.randomUUID(), slug, name: slug, status: "ACTIVE", version: 1, created_at: 1, updated_at: 1 };
}
