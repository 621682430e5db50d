/** A provider that says what the test wants, when the test wants it. */

import type { Delta, Provider, ProviderCall, ProviderEnd } from "../provider/provider.ts";

/** A call of a bot without a key; `messages` are the test's. */
export function makeCall(overrides: Partial<ProviderCall> = {}): ProviderCall {
  const baseUrl = new URL("https://provider.test/v1");
  return { baseUrl, accessKey: null, model: "m", temperature: 0.7, params: {}, messages: [], ...overrides };
}

/** One request that reached the provider. */
export interface TestCall {
  call: ProviderCall;
  signal: AbortSignal;
  /** False once the request has ended, however it did. */
  readonly open: boolean;
  /** One read of the answer: each string is a text. */
  send(...deltas: (string | Delta)[]): void;
  finish(end?: Partial<ProviderEnd>): void;
  fail(error: unknown): void;
}

/** Keeps the contract: a signal that is aborted rejects with its reason, and nothing is called back after the end. */
export interface TestProvider extends Provider {
  calls: TestCall[];
}

/** Builds one without any calls. */
export function makeProvider(): TestProvider {
  const calls: TestCall[] = [];
  return {
    calls,
    stream(call, signal, onRead) {
      const { promise, resolve, reject } = Promise.withResolvers<ProviderEnd>();
      let open = true;
      const end = (settle: () => void) => {
        if (!open) return;
        open = false;
        signal.removeEventListener("abort", abort);
        settle();
      };
      const abort = () => end(() => reject(signal.reason));
      calls.push({
        call,
        signal,
        get open() {
          return open;
        },
        send(...deltas) {
          if (!open) return;
          try {
            onRead(deltas.map((delta) => typeof delta === "string" ? { kind: "text", text: delta } : delta), false);
          } catch (error) {
            end(() => reject(error));
          }
        },
        finish: (given) => end(() => resolve({ finishReason: "stop", usage: null, ...given })),
        fail: (error) => end(() => reject(error)),
      });
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort);
      return promise;
    },
  };
}
