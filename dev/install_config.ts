/** The relay's sections in an app's supabase/config.toml: added behind everything else, which stays byte for byte. */

/** Gives the text with a section for each function that has none. */
export function addSections(config: string, slugs: string[], importMap: string): string {
  const missing = slugs.filter((slug) => sectionOf(config, slug) === undefined);
  if (missing.length === 0) return config;
  const eol = config.includes("\r\n") ? "\r\n" : "\n";
  const lines = missing.flatMap((slug) => [
    "",
    `[functions.${slug}]`,
    ...Object.entries(wanted(importMap)).map(([key, value]) => `${key} = ${value}`),
  ]);
  const comment = "# The Storytellr relay verifies tokens itself: the gateway's own 401 may lack CORS headers.";
  const end = config === "" || config.endsWith("\n") ? "" : eol;
  const heading = config.includes(comment) ? [] : ["", comment];
  return config + end + [...heading, ...lines.slice(heading.length > 0 ? 1 : 0)].join(eol) + eol;
}

/** Says what in the text keeps the relay's functions from working; nothing where all can be added. */
export function checkSections(config: string, slugs: string[], importMap: string): string[] {
  const offences: string[] = [];
  const root = config.split(/^\s*\[/m, 1)[0];
  if (/^\s*functions\s*[.=]/m.test(root) || /^\s*\[\s*functions\s*\]/m.test(config)) {
    offences.push(
      "supabase/config.toml has its functions in another form than sections: write them as [functions.<name>]",
    );
  }
  for (const slug of slugs) {
    const section = sectionOf(config, slug);
    if (section === undefined) continue;
    for (const [key, value] of Object.entries(wanted(importMap))) {
      const found = section.match(new RegExp(`^\\s*${key}\\s*=\\s*("[^"]*"|'[^']*'|[^#\\s]*)`, "m"))?.[1];
      if (found?.replaceAll("'", '"') === value) continue;
      const state = found === undefined ? `has no ${key}` : `has ${key} = ${found}`;
      offences.push(`[functions.${slug}] in supabase/config.toml ${state}: the relay needs ${key} = ${value}`);
    }
  }
  return offences;
}

const wanted = (importMap: string) => ({ verify_jwt: "false", import_map: `"${importMap}"` });

/** The lines of a function's section, without those of its subsections. */
function sectionOf(config: string, slug: string): string | undefined {
  const header = new RegExp(`^[ \\t]*\\[\\s*functions\\s*\\.\\s*["']?${slug}["']?\\s*\\].*$`, "m").exec(config);
  if (!header) return undefined;
  return config.slice(header.index + header[0].length).split(/^\s*\[/m, 1)[0];
}
