import { deepStrictEqual as equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";

const SERVE = fileURLToPath(new URL("./serve.ts", import.meta.url));

Deno.test("serve prints its address, answers, and ends at SIGTERM with exit code 0", async () => {
  const child = serve({
    PORT: "0",
    HOST: "127.0.0.1",
    SUPABASE_URL: "http://127.0.0.1:1",
    SUPABASE_SECRET_KEY: "sb_secret_test",
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const { url, ...rest } = JSON.parse(new TextDecoder().decode(value));
  equal(rest, {});
  const response = await fetch(`${url}/functions/v1/healthz`);
  equal(await response.json(), { status: "ok" });

  child.kill("SIGTERM");
  equal((await reader.read()).done, true);
  equal((await child.status).code, 0);
  await child.stderr.cancel();
});

Deno.test("serve names a variable that it cannot use and ends with exit code 1", async () => {
  const child = serve({ PORT: "http", SUPABASE_URL: "http://127.0.0.1:1", SUPABASE_SECRET_KEY: "sb_secret_test" });
  const { code, stderr, stdout } = await child.output();
  equal(code, 1);
  equal(stdout.length, 0);
  equal(new TextDecoder().decode(stderr), 'Cannot start: PORT is "http", not a number from 0 to 65535\n');
});

function serve(env: Record<string, string>): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "--no-lock", SERVE],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
