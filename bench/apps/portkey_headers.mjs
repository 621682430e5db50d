/**
 * Version 1.15.2 adds headers to the provider's answer, which @hono/node-server does not copy any more: each streamed
 * answer would be a 500. The headers are copied here, once a request; the body is handed on as it is.
 */

const { fetch, Response } = globalThis;

globalThis.fetch = async (...args) => {
  const { body, status, statusText, headers } = await fetch(...args);
  return new Response(body, { status, statusText, headers: new Headers(headers) });
};
