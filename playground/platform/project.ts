/** Which Supabase project the page works with. */

import { read, remove, write } from "./storage.ts";

/** A project, with a demo account where its server has one. */
export interface Project {
  url: string;
  publishableKey: string;
  demo?: { email: string; password: string };
  /** Entered by the user, who can change it. */
  isEntered?: boolean;
}

const STORED = "project";

/** From config.json in the page's folder, or as entered before; null: the user has to enter it. */
export async function findProject(): Promise<Project | null> {
  return await configuredProject() ?? storedProject();
}

/** Throws an Error with a message for the user where the values cannot be right. */
export function saveProject(url: string, publishableKey: string): Project {
  const trimmed = url.trim().replace(/\/+$/, "");
  if (!/^https?:\/\/[^/]/.test(trimmed) || !URL.canParse(trimmed)) {
    throw new Error("The URL should look like https://your-project.supabase.co.");
  }
  const key = publishableKey.trim();
  if (key.startsWith("sb_secret_") || roleOf(key) === "service_role") {
    throw new Error("This is a secret key. Enter the publishable key instead.");
  }
  if (!key) throw new Error("Enter the publishable key.");
  write(STORED, { url: trimmed, publishableKey: key });
  return { url: trimmed, publishableKey: key, isEntered: true };
}

/** The next start asks again. */
export function forgetProject(): void {
  remove(STORED);
}

function storedProject(): Project | null {
  const stored = read<Project>(STORED);
  return stored && { ...stored, isEntered: true };
}

async function configuredProject(): Promise<Project | null> {
  try {
    const response = await fetch("config.json", { cache: "no-store" });
    // Some static hosts answer every path with the page itself.
    if (!response.ok) return null;
    const { supabase_url, publishable_key, demo } = await response.json();
    if (!supabase_url || !publishable_key) return null;
    const url = new URL(supabase_url, location.href).href.replace(/\/+$/, "");
    return { url, publishableKey: publishable_key, demo };
  } catch {
    return null;
  }
}

/** The role in a key of the older form, a JWT. */
function roleOf(key: string): unknown {
  try {
    const claims = key.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(claims)).role;
  } catch {
    return undefined;
  }
}
