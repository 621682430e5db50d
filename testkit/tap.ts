/** Reads the Test Anything Protocol, as far as pgTAP writes it. */

/** What is wrong with the output of a test file; empty where all went well. */
export function findFailures(tap: string): string[] {
  const lines = tap.split("\n");
  const plans = lines.filter((line) => /^1\.\.\d+$/.test(line));
  const results = lines.filter((line) => /^(not )?ok \d+/.test(line));
  const failures: string[] = [];
  if (plans.length !== 1) {
    failures.push(`Found ${plans.length} plans, expected one`);
  } else if (Number(plans[0].slice("1..".length)) !== results.length) {
    failures.push(`Found ${results.length} results, the plan is ${plans[0]}`);
  }
  failures.push(...results.filter((line) => line.startsWith("not ok")));
  return failures;
}
