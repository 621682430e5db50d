/** One client: sends a request, reads the answer to its end, counts the tokens in it. */

import { createScanner, now } from "../stamp.ts";
import { createResponseReader } from "./response.ts";

const BUFFER_BYTES = 32 * 1024;

/** What to send where. */
export interface Request {
  port: number;
  bytes: Uint8Array;
}

/** A stream under way. */
export interface Stream {
  /** Milliseconds from the request to the first token; NaN before it. */
  readonly firstTokenMs: number;
  readonly tokens: number;
  /** Settles with the first token, and with the end. */
  first: Promise<void>;
  /** Settles with the end; how it ended is then in `failure`. */
  ended: Promise<void>;
  readonly over: boolean;
  /** Why it is no answer, or broke off; null where it ended by itself. */
  readonly failure: string | null;
  /** Leaves. */
  close(): void;
}

/** What a stream tells while it runs. */
export interface Ears {
  onBytes?: (count: number) => void;
  onTokens?: (count: number) => void;
  onStamp?: (stamp: number) => void;
}

/** Begins at once. */
export function openStream(request: Request, ears: Ears = {}): Stream {
  const first = Promise.withResolvers<void>();
  const scanner = createScanner(ears.onStamp);
  let firstTokenMs = NaN;
  let failure: string | null = null;
  let connection: Deno.TcpConn | undefined;
  let left = false;
  let over = false;
  let said = "";
  let startedAt = now();

  const response = createResponseReader((bytes) => {
    if (response.status !== 200) {
      said += new TextDecoder().decode(bytes).slice(0, 300);
      return;
    }
    const before = scanner.count;
    scanner.push(bytes);
    if (before === scanner.count) return;
    if (before === 0) {
      firstTokenMs = now() - startedAt;
      first.resolve();
    }
    ears.onTokens?.(scanner.count - before);
  });

  async function run(): Promise<void> {
    try {
      startedAt = now();
      connection = await Deno.connect({ hostname: "127.0.0.1", port: request.port });
      connection.setNoDelay(true);
      for (let rest = request.bytes; rest.length > 0;) {
        rest = rest.subarray(await connection.write(rest));
      }
      const buffer = new Uint8Array(BUFFER_BYTES);
      while (!response.complete) {
        const length = await connection.read(buffer);
        if (length === null) break;
        ears.onBytes?.(length);
        response.push(buffer.subarray(0, length));
      }
      if (response.status !== 200) {
        failure = `it was answered with ${response.status || "nothing"}: ${said}`;
      }
    } catch (error) {
      if (!left) failure = `it broke off: ${(error as Error).message}`;
    } finally {
      close();
      over = true;
      first.resolve();
    }
  }
  function close() {
    left = true;
    try {
      connection?.close();
    } catch {
      // It is closed.
    }
    connection = undefined;
  }

  return {
    get firstTokenMs() {
      return firstTokenMs;
    },
    get tokens() {
      return scanner.count;
    },
    get over() {
      return over;
    },
    get failure() {
      return failure;
    },
    first: first.promise,
    ended: run(),
    close,
  };
}
