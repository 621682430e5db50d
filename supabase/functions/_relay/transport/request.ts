/** Writes a request. */

/** Headers of the connection and of the framing are the transport's own [RFC 9110, 7.6.1]. */
const OWN =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|accept-encoding|proxy-.*)$/;

/**
 * The bytes of a POST, or of a GET, which has no body. No value can end a line of the head, because none may hold CR, LF
 * or NUL.
 */
export function requestBytes(url: URL, headers: Record<string, string>, body: string | null): Uint8Array {
  const content = new TextEncoder().encode(body ?? "");
  const lines = [
    `${body === null ? "GET" : "POST"} ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    "accept-encoding: identity",
    ...(body === null ? [] : [`content-length: ${content.byteLength}`]),
  ];
  for (const [name, value] of Object.entries(headers)) {
    // A token, and visible characters of ASCII [RFC 9110, 5.1 and 5.5]. The message quotes nothing: it may be a key.
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(value)) {
      throw new TypeError("Cannot send the request: one of its headers has a character that no header can hold");
    }
    if (OWN.test(name.toLowerCase())) throw new TypeError(`Cannot send the request: ${name} is the transport's own`);
    lines.push(`${name}: ${value}`);
  }
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  const bytes = new Uint8Array(head.byteLength + content.byteLength);
  bytes.set(head);
  bytes.set(content, head.byteLength);
  return bytes;
}
