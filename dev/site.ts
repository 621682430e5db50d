const PAGE = new URL("../playground/index.html", import.meta.url);

/** Answers everything that is neither Auth, the Data API nor a function. */
export function createSite(): (request: Request) => Promise<Response> {
  return async (request) => {
    if (new URL(request.url).pathname !== "/") {
      const body = {
        error: { code: "not_found", message: "Nothing is served at this path" },
      };
      return Response.json(body, { status: 404 });
    }
    try {
      const page = await Deno.readTextFile(PAGE);
      return new Response(page, {
        headers: { "content-type": "text/html; charset=utf-8" },
      });
    } catch {
      return new Response(
        "Storytellr relay: the embedded stack\n\n/auth/v1  /rest/v1  /functions/v1\n",
      );
    }
  };
}
