/** Gives turns to users fairly. Bounds how many run at once, for each user and for all, and how many wait. */

import type { RelayError } from "../protocol/errors.ts";
import type { Clock } from "./clock.ts";

/** Work that waits has not begun, so it holds nothing. */
export interface Turns {
  /** Does the work in the user's turn. Rejects with `userFull` or `late` if no turn comes. */
  run<T>(userId: string, work: () => Promise<T>): Promise<T>;
}

/** The bounds, and the errors that are thrown when one is reached. */
export interface TurnLimits {
  atOnce: number;
  atOnceForUser: number;
  /** How many of `atOnce` are kept for users who have none yet. */
  keptFree: number;
  waiting: number;
  waitingForUser: number;
  waitMs: number;
  /** As `waitMs`, for a user who has `atOnceForUser` already: only the end of one of these makes room. */
  waitForOwnMs: number;
  /** Thrown if `waitingForUser` of the user's wait already. */
  userFull(): RelayError;
  /** Thrown if `waiting` is reached, or the turn has not come in time. */
  late(): RelayError;
}

interface Queue {
  running: number;
  waiting: Place[];
}

/** One that waits for its turn. */
interface Place {
  turn: Promise<void>;
  begin(): void;
}

/** Round robin: a user who had a turn goes to the end, however many of the user's calls wait. */
export function createTurns(clock: Clock, limits: TurnLimits): Turns {
  /** In the order of their next turns; a user without work is not in it. */
  const queues = new Map<string, Queue>();
  let [running, waiting] = [0, 0];
  const isFree = ({ running: own }: Queue) =>
    running < limits.atOnce - (own > 0 ? limits.keptFree : 0) && own < limits.atOnceForUser;
  function take(userId: string, queue: Queue) {
    running++;
    queue.running++;
    goLast(userId, queue);
  }

  /** Moves the user to the end of the order; a user without work is forgotten. */
  function goLast(userId: string, queue: Queue) {
    queues.delete(userId);
    if (queue.running > 0 || queue.waiting.length > 0) queues.set(userId, queue);
  }

  function giveBack(userId: string, queue: Queue) {
    running--;
    queue.running--;
    goLast(userId, queue);
    for (const [nextId, next] of queues) {
      if (next.waiting.length === 0 || !isFree(next)) continue;
      take(nextId, next);
      waiting--;
      next.waiting.shift()!.begin();
    }
  }

  /** Settles once it is the user's turn. */
  function wait(userId: string, queue: Queue): Promise<void> {
    if (queue.waiting.length >= limits.waitingForUser) return Promise.reject(limits.userFull());
    if (waiting >= limits.waiting) return Promise.reject(limits.late());
    const ms = queue.running < limits.atOnceForUser ? limits.waitMs : limits.waitForOwnMs;
    const place = createPlace(clock, ms, () => {
      waiting--;
      queue.waiting.splice(queue.waiting.indexOf(place), 1);
      if (queue.running + queue.waiting.length === 0) queues.delete(userId);
      return limits.late();
    });
    waiting++;
    queue.waiting.push(place);
    queues.set(userId, queue);
    return place.turn;
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

function createPlace(clock: Clock, waitMs: number, onLate: () => RelayError): Place {
  const { promise: turn, resolve, reject } = Promise.withResolvers<void>();
  const stop = clock.after(waitMs, () => reject(onLate()));
  return {
    turn,
    begin() {
      stop();
      resolve();
    },
  };
}
