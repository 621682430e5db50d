/** What alerts are provoked with: a Supabase on Postgres, a worker behind a proxy, a provider, and the runbook. */
import { ok } from "node:assert/strict";
import postgres from "postgres";
import { type Author, newAuthor } from "../../testkit/author.ts";
import { METRICS_TOKEN, type Scrape, scrape } from "../../testkit/metrics.ts";
import { answers, type Script } from "../../testkit/provider.ts";
import { type FaultProxy, startProxy } from "../../testkit/proxy.ts";
import { NO_USER_LIMITS, type Stack, startStack } from "../../testkit/stack.ts";
import type { Worker } from "../../testkit/workers.ts";

const page = Deno.readTextFileSync(new URL("../../docs/runbook.md", import.meta.url));

export interface World extends AsyncDisposable {
  stack: Stack;
  proxy: FaultProxy;
  /** The worker that reaches the stack through the proxy. */
  main: Worker;
  /** Another worker, which reaches the stack itself. */
  worker(env?: Record<string, string>): Promise<Worker>;
  author(worker?: Worker, script?: Script): Promise<Author>;
  /** Runs SQL as the SQL editor does; gives rows and warnings. */
  sql(text: string): Promise<{ rows: Record<string, unknown>[]; warnings: string[] }>;
  /** The metrics of the first worker; null if it shows none. */
  metrics(): Promise<Scrape | null>;
  /** Runs all that the alert's section says to look at, on this worker's log; gives what each showed. */
  look(alert: string, worker?: Worker): Promise<string[]>;
  /** The statement that the section says to run. */
  remedyOf(alert: string): string;
}

const ORDINARY = { ...NO_USER_LIMITS, RELAY_BEAT_MS: "200", RELAY_LEASE_MS: "1000" };

export async function openWorld(): Promise<World> {
  const stack = await startStack({ postgres: true, env: ORDINARY });
  const proxy = startProxy(stack.url);
  const main = await stack.worker(ORDINARY, { supabaseUrl: proxy.url });
  const warnings: string[] = [];
  const connection = postgres(stack.databaseUrl!, {
    max: 1,
    fetch_types: false,
    onnotice: ({ message }) => warnings.push(String(message)),
  });
  const sql: World["sql"] = async (text) => {
    warnings.length = 0;
    const rows = [...await connection.unsafe(text)] as Record<string, unknown>[];
    return { rows, warnings: [...warnings] };
  };
  return {
    stack,
    proxy,
    main,
    worker: (env) => stack.worker({ ...ORDINARY, ...env }),
    author: (worker = main, script = answers("Once ", "upon a time.")) =>
      newAuthor(stack.targetOf([worker]), stack.provider, script),
    sql,
    async metrics() {
      const { status, body } = await fetch(`${main.url}/metrics`, {
        headers: { authorization: `Bearer ${METRICS_TOKEN}` },
      });
      await body?.cancel();
      return status === 200 ? await scrape(main.url) : null;
    },
    async look(alert, worker = main) {
      const looks = blocksOf(alert).filter(([language]) => language === "sh" || language === "sql");
      ok(looks.length > 0, `The section of ${alert} has something to look at`);
      const shown: string[] = [];
      for (const [language, text] of looks) {
        if (language === "sh") shown.push(await shell(text, worker.log()));
        else {
          const { rows, warnings } = await sql(text);
          shown.push([...rows.map((row) => JSON.stringify(row)), ...warnings].join("\n"));
        }
      }
      return shown;
    },
    remedyOf: (alert) => blocksOf(alert).find(([language]) => language === "sql do")![1],
    async [Symbol.asyncDispose]() {
      await connection.end();
      proxy.back();
      await stack.stop();
      await proxy.close();
    },
  };
}

/** The blocks of code of a section, each with its language. */
function blocksOf(alert: string): [string, string][] {
  const section = page.split(`\n## ${alert}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^```([\w ]+)\n(.*?)^```$/gms)].map(([, language, text]) => [language, text]);
}

/** Stands in for the runbook's `lines`, which reads a journal. */
async function shell(text: string, log: string): Promise<string> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, log);
    const script = `set -euo pipefail\nlines() { grep '^{' "$LOG"; }\n${text}`;
    const { success, stdout, stderr } = await new Deno.Command("bash", { args: ["-c", script], env: { LOG: file } })
      .output();
    const said = new TextDecoder().decode(stdout);
    ok(success, `${text}\n${new TextDecoder().decode(stderr)}`);
    return said;
  } finally {
    await Deno.remove(file);
  }
}
