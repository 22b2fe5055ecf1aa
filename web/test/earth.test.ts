/** Closest approach as it is drawn, against encounters that can be worked out by hand. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { closest, courseDeg, distanceNm, onward } from "../src/lib/earth.ts";

const level = { altitudeFt: 35_000, speedKt: 360, climbFpm: 0 };
const near = (value: number | null | undefined, expected: number, by: number): void =>
  assert.ok(value !== null && value !== undefined && Math.abs(value - expected) <= by, `${value} is not ${expected}`);

test("head on along the equator, 20 NM apart: they meet in 100 s", () => {
  const a = { ...level, latitude: 0, longitude: 0, trackDeg: 90 };
  const b = { ...level, latitude: 0, longitude: 20 / 60, trackDeg: 270, altitudeFt: 36_000, climbFpm: -300 };
  const found = closest(a, b);
  near(found?.inS, 100, 0.5);
  near(found?.horizontalNm, 0, 0.01);
  near(found?.verticalFt, 500, 5);
});

test("who parts is closest now", () => {
  const a = { ...level, latitude: 0, longitude: 179.99, trackDeg: 270 };
  const b = { ...level, latitude: 0, longitude: -179.99, trackDeg: 90 };
  const found = closest(a, b);
  assert.equal(found?.inS, 0);
  near(found?.horizontalNm, 1.2, 0.01);
});

test("what is not known is not made up", () => {
  const a = { ...level, latitude: 0, longitude: 0, trackDeg: 90 };
  assert.equal(closest(a, { ...a, trackDeg: null }), null);
  assert.equal(closest(a, { ...a, longitude: 0.1, trackDeg: 270, climbFpm: null })?.verticalFt, null);
  assert.equal(closest(a, { ...a, longitude: 0.1, trackDeg: 270, altitudeFt: null })?.verticalFt, null);
});

test("onward, and back, over the antimeridian and near a pole", () => {
  for (const [latitude, longitude, deg] of [[10, 179.9, 80], [84, 20, 350], [-45, -179.95, 265]] as const) {
    const [there, up] = onward(latitude, longitude, deg, 25);
    near(distanceNm(latitude, longitude, up, there), 25, 0.001);
    near(courseDeg(latitude, longitude, up, there), deg, 0.01);
  }
});
