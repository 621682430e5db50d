/** What the operating system says about a process with all of its descendants. */

/** Seconds of CPU, user and system, since they began; of those that are there. */
export function cpuOf(pid: number): number {
  return treeOf(pid).reduce((sum, member) => sum + member.cpu, 0);
}

/** Resident bytes. */
export function memoryOf(pid: number): number {
  return treeOf(pid).reduce((sum, member) => sum + residentOf(member.pid), 0);
}

interface Process {
  pid: number;
  parent: number;
  cpu: number;
}

/** The fields behind the program's name, which may hold spaces itself; times are hundredths of a second. */
export function parseStat(stat: string): Process {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { pid: parseInt(stat), parent: Number(fields[1]), cpu: (Number(fields[11]) + Number(fields[12])) / 100 };
}

function treeOf(root: number): Process[] {
  const children = new Map<number, Process[]>();
  const found: Process[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    if (stat === null) continue;
    const process = parseStat(stat);
    if (process.pid === root) found.push(process);
    const siblings = children.get(process.parent) ?? [];
    children.set(process.parent, [...siblings, process]);
  }
  // Grows while it is walked.
  for (const { pid } of found) found.push(...children.get(pid) ?? []);
  return found;
}

function residentOf(pid: number): number {
  const rollup = read(`/proc/${pid}/smaps_rollup`) ?? "";
  return Number(/^Rss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
}

function read(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // It has ended meanwhile.
    return null;
  }
}
