/** Serves the playground, and what it needs to know about this stack. */

import { buildPlayground, type Page, playgroundChanged } from "./playground.ts";

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** What the page learns from its config.json. */
export interface SiteFacts {
  publishable_key: string;
  demo: { email: string; password: string } | null;
}

/** The sites of a process share what a build has given. */
const pages = new Map<() => Promise<Page>, { page: Promise<Page>; at: number }>();

/**
 * Answers everything that is neither Auth, the Data API nor a function. The page is built when it is first asked for, and
 * again when its sources have changed: the stack does not wait for a bundler.
 */
export function createSite(
  facts: () => SiteFacts,
  build: () => Promise<Page> = buildPlayground,
): (request: Request) => Promise<Response> {
  function page(): Promise<Page> {
    const changed = playgroundChanged();
    const last = pages.get(build);
    const built = last?.at === changed ? last : { page: build(), at: changed };
    pages.set(build, built);
    return built.page;
  }

  return async (request) => {
    const { pathname, origin } = new URL(request.url);
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    if (name === "config.json") {
      const { publishable_key, demo } = facts();
      return Response.json({
        // The address that the browser used: the stack may be reached by several.
        supabase_url: origin,
        publishable_key,
        demo: demo && { email: demo.email, password: demo.password },
      });
    }
    if (!/^(index\.html|page\.(js|css)|icon\.svg|\w+-[A-Z0-9]{8}\.js)$/.test(name)) return missing();
    try {
      const text = (await page())[name];
      if (text === undefined) return missing();
      return new Response(text, {
        headers: { "content-type": TYPES[name.split(".").at(-1)!], "cache-control": "no-cache" },
      });
    } catch (error) {
      pages.delete(build);
      return new Response(
        "Storytellr relay: the embedded stack\n\n/auth/v1  /rest/v1  /functions/v1\n\n" +
          `There is no playground: ${(error as Error).message}\n`,
        { status: name === "index.html" ? 200 : 503 },
      );
    }
  };
}

function missing(): Response {
  const body = { error: { code: "not_found", message: "Nothing is served at this path" } };
  return Response.json(body, { status: 404 });
}
