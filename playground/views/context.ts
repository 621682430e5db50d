/** Hands the studio to all views below. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Studio } from "../studio/studio.ts";

/** Null outside of a signed-in page. */
export const StudioContext = createContext<Studio | null>(null);

/** The studio that is around the view. */
export function useStudio(): Studio {
  const studio = useContext(StudioContext);
  if (studio) return studio;
  throw new TypeError("Cannot show this view: no studio is around it");
}
