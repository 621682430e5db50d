/** Links in the emails of Auth: where they lead, and what they bring in the fragment of the page's address. */

/** Where a link should lead: the page itself, at whatever path it stands. Auth takes it if the project allows it. */
export function pageAddress(): string {
  return location.origin + location.pathname;
}

/**
 * What a link has brought: a session, or an error; null: the page was opened without one. It is removed from the address and the
 * browser's history at once, because anyone who has it can sign in with it.
 */
export function takeLink(): Record<string, string> | null {
  const link = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (!("access_token" in link || "error_code" in link || "error_description" in link)) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return link;
}
