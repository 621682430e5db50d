import assert from "node:assert/strict";
import {
  LARGE_MEMORY_BYTES,
  MAX_CONTEXT_CHARACTERS,
  MAX_LARGE_MEMORY_PERCENT,
  MAX_USER_MEMORY_PERCENT,
} from "../protocol/limits.ts";
import { makeConfiguration, withMaps } from "../testing/platform.ts";
import {
  CONTEXT_CHARACTER_BYTES,
  CONTEXT_MESSAGE_BYTES,
  contextBytes,
  CONTROL_CHARACTER_BYTES,
  createMemory,
  GENERATION_BYTES,
  maxRoomOf,
  MEMORY_STEP_BYTES as STEP,
  pathBytes,
  READER_BYTES,
  TEXT_UNIT_BYTES,
} from "./memory.ts";

const BUDGET = 64 * 1024 * 1024;
const SHARE = BUDGET * MAX_USER_MEMORY_PERCENT / 100;

const OVERLOADED = { code: "overloaded", retryAfter: 5 };
const SHARE_IS_FULL = { code: "too_many_streams", retryAfter: 5 };

Deno.test("what is held is counted in steps, grows and shrinks, and is given back once", () => {
  const [memory, [users]] = withMaps(() => createMemory(BUDGET));
  const hold = memory.open("user-1", 1);
  assert.equal(memory.heldBytes, STEP);
  for (const [bytes, held] of [[STEP, STEP], [STEP + 1, 2 * STEP], [10 * STEP, 10 * STEP], [1, STEP], [0, 0]]) {
    assert.equal(hold.fits(bytes), true);
    assert.equal(memory.heldBytes, held);
  }
  hold.cover(3 * STEP);
  const other = memory.open("user-2", STEP);
  hold.end();
  hold.end();
  assert.equal(memory.heldBytes, STEP);
  // Late calls hold nothing.
  assert.equal(hold.fits(5 * STEP), true);
  other.end();
  assert.deepEqual([memory.heldBytes, users.size], [0, 0]);
});

Deno.test("one user holds a share at most, in however many parts; what is refused holds nothing", () => {
  const memory = createMemory(BUDGET);
  assert.equal(memory.userBytes, SHARE);
  const first = memory.open("user-1", SHARE / 2);
  const second = memory.open("user-1", SHARE / 2 - STEP);
  second.cover(SHARE / 2);
  assert.equal(second.fits(SHARE / 2 + 1), false);
  assert.throws(() => second.cover(SHARE / 2 + 1), SHARE_IS_FULL);
  assert.throws(() => memory.open("user-1", 1), SHARE_IS_FULL);
  assert.equal(memory.heldBytes, SHARE);
  memory.open("user-2", STEP).end();
  first.end();
  second.cover(SHARE / 2 + 1);
});

Deno.test("a full worker is overloaded for every user, and no longer once something is given back", () => {
  const memory = createMemory(BUDGET);
  const holds = Array.from({ length: BUDGET / STEP }, (_, index) => memory.open(`user-${index}`, STEP));
  assert.throws(() => memory.open("another", 1), OVERLOADED);
  assert.equal(holds[0].fits(STEP + 1), false);
  assert.equal(holds[0].fits(STEP), true);
  holds[1].end();
  memory.open("another", 1).end();
  for (const hold of holds) hold.end();
  assert.equal(memory.heldBytes, 0);
});

Deno.test("what is large leaves a part of the budget to what is small", () => {
  const memory = createMemory(BUDGET);
  const large = LARGE_MEMORY_BYTES + STEP;
  const holds = [];
  for (let index = 0; (memory.heldBytes + large) / BUDGET <= MAX_LARGE_MEMORY_PERCENT / 100; index++) {
    holds.push(memory.open(`user-${index}`, large));
  }
  assert.throws(() => memory.open("another", large), OVERLOADED);
  memory.open("another", LARGE_MEMORY_BYTES);
});

Deno.test("by default 1,000 ordinary streams fit, and the longest context within a user's share", () => {
  const memory = createMemory(makeConfiguration().memoryBytes / 2);
  const longest = memory.open("writer", GENERATION_BYTES + MAX_CONTEXT_CHARACTERS * CONTEXT_CHARACTER_BYTES);
  longest.end();
  for (let index = 0; index < 1_000; index++) {
    memory.open(`user-${index}`, READER_BYTES);
    memory.open(`user-${index}`, GENERATION_BYTES).cover(GENERATION_BYTES + 10_000 * TEXT_UNIT_BYTES);
  }
});

Deno.test("a path may be as long as a user's share has room for, with the text that is continued", () => {
  for (const isContinued of [false, true]) {
    for (const budget of [8, 40, 64, 128, 4_096]) {
      const memory = createMemory(budget * 1024 * 1024);
      const room = maxRoomOf(memory, isContinued);
      assert.ok(pathBytes(room, isContinued) <= memory.userBytes);
      if (room < MAX_CONTEXT_CHARACTERS) assert.ok(pathBytes(room + 1, isContinued) > memory.userBytes);
    }
    assert.equal(maxRoomOf(createMemory(Infinity), isContinued), MAX_CONTEXT_CHARACTERS);
  }
  assert.equal(pathBytes(10, true) - pathBytes(10, false), 10 * TEXT_UNIT_BYTES);
});

Deno.test("a context holds at least what its request takes, whatever its characters are", () => {
  /** Two bytes a unit for the message, for its copy with its neighbour, and for the JSON; the bytes are there twice. */
  const cost = (messages: { content: string }[]) => {
    const json = JSON.stringify(messages);
    const units = messages.reduce((sum, { content }) => sum + content.length, 0);
    return 2 * 2 * units + 2 * json.length + 2 * new TextEncoder().encode(json).byteLength;
  };
  const all = Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code));
  for (const character of [...all, "中", "\uffff", "🐉"]) {
    const messages = [{ role: "assistant", content: character.repeat(1_000) }];
    const held = contextBytes(messages);
    assert.ok(held >= cost(messages), `${JSON.stringify(character)}: ${held}, ${cost(messages)}`);
    // Nothing but the rarest is held for more than it may take.
    const isControl = JSON.stringify(character).length === 8;
    assert.equal(held > CONTEXT_MESSAGE_BYTES + 1_000 * character.length * CONTEXT_CHARACTER_BYTES, isControl);
  }
  const mixed = [{ role: "user", content: "a\n\u0001\u0002b\u001f" }];
  assert.equal(contextBytes(mixed), CONTEXT_MESSAGE_BYTES + 6 * CONTEXT_CHARACTER_BYTES + 3 * CONTROL_CHARACTER_BYTES);
  // 100 bytes for the objects of each.
  const many = Array.from({ length: 10_000 }, () => ({ role: "assistant", content: "x" }));
  assert.ok(contextBytes(many) >= cost(many) + 100 * many.length);
});
