/** Looks for Node. */

/** Whether there is one that the client supports: 20 or later. */
export async function hasNode(): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] })
      .output();
    const version = new TextDecoder().decode(stdout);
    return Number(/^v(\d+)/.exec(version)?.[1]) >= 20;
  } catch {
    return false;
  }
}
