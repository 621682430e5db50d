/** An rpc whose answer is the test's. */

import type { Rpc } from "../database/rpc.ts";

/** A call as it reached the database. */
export interface RpcCall {
  name: string;
  args: Record<string, unknown>;
}

/** Gives every call the same answer, and keeps the calls. */
export function makeRpc(answer: unknown): { rpc: Rpc; calls: RpcCall[] } {
  const calls: RpcCall[] = [];
  const rpc = (name: string, args: Record<string, unknown>) => {
    calls.push({ name, args });
    return Promise.resolve(structuredClone(answer));
  };
  return { rpc: rpc as Rpc, calls };
}
