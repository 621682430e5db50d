/** Keeps a data folder for this process alone, as two would ruin the database in it; gives the release. */
export async function lockFolder(folder: string | undefined): Promise<() => void> {
  if (folder === undefined) return () => {};
  await Deno.mkdir(folder, { recursive: true });
  // The system drops the lock when the process ends, however it does.
  const file = await Deno.open(`${folder}/lock`, { create: true, write: true });
  if (await file.tryLock(true)) return () => file.close();
  file.close();
  throw new Error(`Cannot use the folder "${folder}": another process uses it`);
}
