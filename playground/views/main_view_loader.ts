/** Loads what only a signed-in user needs: the larger part of the page, which the form to sign in does not wait for. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { MainView } from "./main_view.tsx";

const loaded = signal<{ MainView: typeof MainView } | "failed" | undefined>(undefined);
let isLoading = false;

/** The view's module; undefined until it has come. */
export const mainViewModule: ReadonlySignal<typeof loaded.value> = loaded;

/** Loads it once. A browser keeps a failure, so that only a reload tries again. */
export function loadMainView(): void {
  if (isLoading) return;
  isLoading = true;
  import("./main_view.tsx").then((module) => loaded.value = module, () => loaded.value = "failed");
}
