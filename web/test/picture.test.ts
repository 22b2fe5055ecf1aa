/** The page reads a picture of the sky as the service writes it: the same file that the service's own test compares with. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decode } from "../src/lib/picture.ts";

const file = readFileSync(new URL("../../tests/server/picture.bin", import.meta.url));
const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;

test("a picture is read as it was written", () => {
  const picture = decode(bytes);
  assert.equal(picture.count, 2);
  assert.equal(picture.sequence, 1);
  assert.equal(picture.timeMs, 1_444_190_400_000 + 8_500);
  assert.deepEqual([...picture.number], [1, 2]);
  assert.deepEqual([...picture.latitude], [362_500_000, -899_999_999]);
  assert.deepEqual([...picture.longitude], [-445_000_000, 1_799_999_999]);
  assert.deepEqual([...picture.altitude], [35_000, NaN]);
  assert.deepEqual([...picture.groundspeed], [480.5, NaN]);
  assert.deepEqual([...picture.track], [271.5, NaN]);
  assert.deepEqual([...picture.verticalRate], [-64, NaN]);
  assert.deepEqual([...picture.flags], [0, 0b1000000101]);
  assert.deepEqual([...picture.age], [75, 0]);
});

test("what is no picture, or was cut short, is refused", () => {
  assert.throws(() => decode(new ArrayBuffer(3)));
  assert.throws(() => decode(new ArrayBuffer(24)));
  for (let length = 0; length < bytes.byteLength; length++) assert.throws(() => decode(bytes.slice(0, length)));
});
