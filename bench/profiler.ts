/** CPU profiles of a Deno process, taken through its inspector: open them in any browser's developer tools. */

/** What V8 gives, as far as it is read here. */
export interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  samples: number[];
  timeDeltas: number[];
}

/** A connection to one process. */
export interface Profiler {
  start(): Promise<void>;
  stop(): Promise<CpuProfile>;
  close(): void;
}

const INTERVAL_US = 200;

/** Connects to a process that was started with `--inspect` on this port. */
export async function connectProfiler(port: number): Promise<Profiler> {
  const [target] = await (await fetch(`http://127.0.0.1:${port}/json/list`))
    .json();
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const waiting = new Map<number, (result: unknown) => void>();
  let last = 0;
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(data);
    waiting.get(id)?.(result);
    waiting.delete(id);
  };
  function call(method: string, params = {}): Promise<unknown> {
    const id = ++last;
    socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => waiting.set(id, resolve));
  }
  await call("Profiler.enable");
  await call("Profiler.setSamplingInterval", { interval: INTERVAL_US });
  return {
    async start() {
      await call("Profiler.start");
    },
    async stop() {
      const { profile } = await call("Profiler.stop") as {
        profile: CpuProfile;
      };
      return profile;
    },
    close: () => socket.close(),
  };
}

/** The functions in which most of the time was spent, by themselves; lines as `12.3 % read file.ts:12`. */
export function hottest(profile: CpuProfile, count: number): string[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => {
    const file = callFrame.url.split("/").slice(-2).join("/");
    const place = file && ` ${file}:${callFrame.lineNumber + 1}`;
    return [id, `${callFrame.functionName || "(anonymous)"}${place}`];
  }));
  const times = new Map<string, number>();
  let busy = 0;
  profile.samples.forEach((id, index) => {
    const name = names.get(id)!;
    if (name === "(idle)") return;
    busy += profile.timeDeltas[index];
    times.set(name, (times.get(name) ?? 0) + profile.timeDeltas[index]);
  });
  return [...times].sort(([, a], [, b]) => b - a).slice(0, count).map((
    [name, time],
  ) => `${(time / busy * 100).toFixed(1).padStart(5)} % ${name}`);
}
