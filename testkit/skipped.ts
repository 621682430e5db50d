/**
 * What a run could not test. A machine may lack a Postgres, a browser or npx; tests that need them are then not
 * registered at all, and the reason is collected here, so that a green run says what it did not see.
 */

/** Prints why some tests are missing and, under `dev/run_tests.ts`, hands the reason to its last lines. */
export function skip(reason: string): void {
  console.log(`Skipped: ${reason}`);
  const collected = Deno.env.get("RELAY_TEST_SKIPPED");
  if (collected) {
    Deno.writeTextFileSync(collected, `${reason}\n`, { append: true });
  }
}

/** Whether this machine has a program. */
export async function hasProgram(name: string): Promise<boolean> {
  try {
    return (await new Deno.Command(name, { args: ["--version"], stdin: "null", stdout: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
