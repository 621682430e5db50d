/** Lets pages of any origin read answers that lack the headers for it, as the platform's gateway does. */

const METHODS = "GET, POST, PUT, PATCH, DELETE";

/** A preflight is answered here; any other answer gets what it lacks. */
export async function withCors(request: Request, answer: (request: Request) => Promise<Response>): Promise<Response> {
  if (request.headers.get("origin") === null) return await answer(request);
  if (request.method === "OPTIONS" && request.headers.has("access-control-request-method")) {
    const wanted = request.headers.get("access-control-request-headers");
    return new Response(null, {
      status: 204,
      headers: {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": wanted ?? "*",
      },
    });
  }
  const response = await answer(request);
  if (response.headers.has("access-control-allow-origin")) return response;
  const headers = new Headers(response.headers);
  headers.set("access-control-allow-origin", "*");
  return new Response(response.body, { status: response.status, headers });
}
