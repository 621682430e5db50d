/** How many connections a process holds to a port: what the operating system lists, and what the process has open. */

const ESTABLISHED = "01";

/** Established connections of the process to that port of any address. */
export function connectionsTo(pid: number, port: number): number {
  const own = socketsOf(pid);
  return [...read(`/proc/${pid}/net/tcp`), ...read(`/proc/${pid}/net/tcp6`)]
    .map(parseConnection).filter((connection) =>
      connection !== null && connection.port === port &&
      own.has(connection.inode)
    ).length;
}

/** The far port and the socket of a line of `/proc/net/tcp`; null of the heading and of what is not established. */
export function parseConnection(line: string): { port: number; inode: string } | null {
  const [, , remote, state, , , , , , inode] = line.trim().split(/\s+/);
  if (state !== ESTABLISHED) return null;
  return { port: parseInt(remote.split(":")[1], 16), inode };
}

function socketsOf(pid: number): Set<string> {
  const inodes = new Set<string>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      const target = Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
      const [, inode] = /^socket:\[(\d+)\]$/.exec(target) ?? [];
      if (inode) inodes.add(inode);
    } catch {
      // It was closed meanwhile.
    }
  }
  return inodes;
}

function read(path: string): string[] {
  try {
    return Deno.readTextFileSync(path).split("\n");
  } catch {
    // A machine without IPv6 has no list of it.
    return [];
  }
}
