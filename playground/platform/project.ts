/** Finds out which Supabase project the page belongs to. */

import { read, remove, write } from "./storage.ts";

/** A project, and an account to try it with where its server offers one. */
export interface Project {
  url: string;
  publishableKey: string;
  demo?: { email: string; password: string };
  /** Typed in by a person, who may choose another one. */
  chosen?: boolean;
}

const KEPT = "project";

/** From a config.json beside the page, else from what was typed in before; null: nobody has said yet. */
export async function findProject(): Promise<Project | null> {
  return await servedProject() ?? keptProject();
}

/** Throws an Error in words for people where the two cannot be a project. */
export function keepProject(url: string, publishableKey: string): Project {
  const clean = url.trim().replace(/\/+$/, "");
  if (!/^https?:\/\/[^/]/.test(clean) || !URL.canParse(clean)) {
    throw new Error("The URL should look like https://your-project.supabase.co.");
  }
  const key = publishableKey.trim();
  if (key.startsWith("sb_secret_") || roleOf(key) === "service_role") {
    throw new Error("That is a secret key, which opens everything. Take the publishable one.");
  }
  if (!key) throw new Error("The publishable key is missing.");
  write(KEPT, { url: clean, publishableKey: key });
  return { url: clean, publishableKey: key, chosen: true };
}

/** The next start asks again. */
export function forgetProject(): void {
  remove(KEPT);
}

function keptProject(): Project | null {
  const kept = read<Project>(KEPT);
  return kept && { ...kept, chosen: true };
}

async function servedProject(): Promise<Project | null> {
  try {
    const response = await fetch("config.json", { cache: "no-store" });
    // A host of static files may answer every path with the page itself.
    if (!response.ok) return null;
    const { supabase_url, publishable_key, demo } = await response.json();
    if (!supabase_url || !publishable_key) return null;
    const url = new URL(supabase_url, location.href).href.replace(/\/+$/, "");
    return { url, publishableKey: publishable_key, demo };
  } catch {
    return null;
  }
}

/** The role that a key in the older form, a JWT, speaks for. */
function roleOf(key: string): unknown {
  try {
    const claims = key.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(claims)).role;
  } catch {
    return undefined;
  }
}
