/** Waits for something to end, but not for ever; for what the end of the process cuts anyway. */
export async function patience(end: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([end, enough]);
  clearTimeout(timer);
}
