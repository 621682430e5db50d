import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { age, createScanner, TOKEN_LENGTH, writeToken } from "./stamp.ts";

const MS = 1_795_000_000_123.456;

function token(ms: number): Uint8Array {
  const bytes = new Uint8Array(TOKEN_LENGTH);
  writeToken(bytes, 0, ms);
  return bytes;
}

function stampsOf(...pieces: Uint8Array[]): { count: number; stamps: number[] } {
  const stamps: number[] = [];
  const scanner = createScanner((stamp) => stamps.push(stamp));
  for (const piece of pieces) scanner.push(piece);
  return { count: scanner.count, stamps };
}

Deno.test("a stamp tells how long ago it was written, within four microseconds", () => {
  const [stamp] = stampsOf(token(MS)).stamps;
  for (const later of [0, 0.5, 1, 20, 59_000]) {
    ok(Math.abs(age(stamp, MS + later) - later) <= 0.0041, String(later));
  }
});

Deno.test("a clock that is a little behind gives an age below zero, not one of a minute", () => {
  const [stamp] = stampsOf(token(MS)).stamps;
  ok(Math.abs(age(stamp, MS - 0.1) + 0.1) <= 0.0041);
});

Deno.test("a stamp is found wherever the bytes are cut", () => {
  const text = new TextEncoder().encode('data: {"content":"');
  const bytes = new Uint8Array([...text, ...token(MS), ...text, ...token(MS + 1)]);
  const whole = stampsOf(bytes);
  equal(whole.count, 2);
  for (let cut = 0; cut <= bytes.length; cut++) {
    equal(stampsOf(bytes.subarray(0, cut), bytes.subarray(cut)), whole);
  }
  equal(stampsOf(...Array.from(bytes, (byte) => Uint8Array.of(byte))), whole);
});

Deno.test("tokens are counted without their stamps, too", () => {
  const scanner = createScanner();
  scanner.push(new TextEncoder().encode("~word~wo"));
  scanner.push(new TextEncoder().encode("rd and no more"));
  equal(scanner.count, 2);
});
