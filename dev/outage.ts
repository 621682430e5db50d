/** Says "the database is away" as the Data API of the platform says it; lite takes it for a failure of its own. */

const AWAY =
  /ECONNREFUSED|ECONNRESET|EPIPE|CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|the database system is|terminating connection/;

/** The answer itself, but for lite's 500 to what PostgREST answers with 503 and a code of its own. */
export async function withOutage(response: Response): Promise<Response> {
  if (response.status !== 500) return response;
  const text = await response.text();
  const { headers, status } = response;
  if (!AWAY.test(text)) return new Response(text, { headers, status });
  return Response.json({
    code: "PGRST000",
    details: null,
    hint: null,
    message: "Cannot connect to the database",
  }, { status: 503 });
}
