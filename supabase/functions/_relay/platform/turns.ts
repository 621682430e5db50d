/** Gives turns to users fairly: so many at once, for each and for all, and a bounded number that wait. */

import type { RelayError } from "../protocol/errors.ts";
import type { Clock } from "./clock.ts";

/** Work that waits for its turn holds nothing but its place. */
export interface Turns {
  /** Rejects with `full` or `late` where there is no turn, and else as the work does. */
  run<T>(userId: string, work: () => Promise<T>): Promise<T>;
}

/** The bounds, and what is thrown at them. */
export interface TurnLimits {
  atOnce: number;
  atOnceForUser: number;
  waiting: number;
  waitingForUser: number;
  waitMs: number;
  /** As many of the user's wait as may. */
  userFull(): RelayError;
  /** As many of all wait as may, or this one has waited for `waitMs`. */
  late(): RelayError;
}

interface Queue {
  running: number;
  waiting: (() => void)[];
}

/** Round robin: whose turn it was comes last, however much of theirs waits. */
export function createTurns(clock: Clock, limits: TurnLimits): Turns {
  /** In the order of their next turns; a user without work is not in it. */
  const queues = new Map<string, Queue>();
  let running = 0;
  let waiting = 0;

  const isFree = ({ running: ofUser }: Queue) => running < limits.atOnce && ofUser < limits.atOnceForUser;

  function take(userId: string, queue: Queue) {
    running++;
    queue.running++;
    queues.delete(userId);
    queues.set(userId, queue);
  }

  function giveBack(userId: string, queue: Queue) {
    running--;
    queue.running--;
    if (queue.running === 0 && queue.waiting.length === 0) queues.delete(userId);
    for (const [nextId, next] of queues) {
      if (next.waiting.length === 0 || !isFree(next)) continue;
      take(nextId, next);
      return next.waiting.shift()!();
    }
  }

  /** Settles once it is the user's turn. */
  function wait(userId: string, queue: Queue): Promise<void> {
    if (queue.waiting.length >= limits.waitingForUser) return Promise.reject(limits.userFull());
    if (waiting >= limits.waiting) return Promise.reject(limits.late());
    return new Promise((resolve, reject) => {
      waiting++;
      const begin = () => {
        waiting--;
        stop();
        resolve();
      };
      const stop = clock.after(limits.waitMs, () => {
        waiting--;
        queue.waiting.splice(queue.waiting.indexOf(begin), 1);
        if (queue.running === 0 && queue.waiting.length === 0) queues.delete(userId);
        reject(limits.late());
      });
      queue.waiting.push(begin);
      queues.set(userId, queue);
    });
  }

  return {
    async run(userId, work) {
      const queue = queues.get(userId) ?? { running: 0, waiting: [] };
      if (isFree(queue)) take(userId, queue);
      else await wait(userId, queue);
      try {
        return await work();
      } finally {
        giveBack(userId, queue);
      }
    },
  };
}
