/** Writes one server-sent event as text. */

/**
 * `data` may have any number of lines, ended by LF; CR must not occur in it, a parser would take it for a line's end.
 * The space behind each colon is what keeps a leading space of the text: parsers strip one.
 */
export function encodeEvent(event: string, data: string, id?: number): string {
  const head = id === undefined ? `event: ${event}\ndata: ` : `id: ${id}\nevent: ${event}\ndata: `;
  return `${head}${data.includes("\n") ? data.replaceAll("\n", "\ndata: ") : data}\n\n`;
}
