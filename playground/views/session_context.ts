/** Provides the session to all views below. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Session } from "../story/session.ts";

/** Null outside of the signed-in page. */
export const SessionContext = createContext<Session | null>(null);

/** The session that the nearest SessionContext provides. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session) return session;
  throw new TypeError("Cannot show this view: there is no session, a SessionContext is needed");
}
