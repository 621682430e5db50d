/** Holds flat out streams back until all of them have begun: admission is no part of what a token costs. */

/** A gate that shuts again behind those who waited. */
export interface Gate {
  wait(): Promise<void>;
  open(): void;
}

/** Shut. */
export function createGate(): Gate {
  let next = Promise.withResolvers<void>();
  return {
    wait: () => next.promise,
    open() {
      next.resolve();
      next = Promise.withResolvers<void>();
    },
  };
}
