/** Alarms stand together by kind and flights; in a flood those below high stand together by kind alone. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alarm } from "../src/lib/api.ts";
import { grouped } from "../src/lib/groups.ts";

let count = 0;
function alarm(kind: string, a: string, b: string | null, priority = "medium"): Alarm {
  const event = { id: `${++count}`, kind, track_a: a, track_b: b, volume: null };
  return { event_id: event.id, kind, priority, state: "unacknowledged", event } as unknown as Alarm;
}

test("the same kind about the same flights is one group, in the order of the list", () => {
  const list = [alarm("conflict", "a", "b", "high"), alarm("separation", "a", "b"), alarm("conflict", "a", "b", "high"), alarm("conflict", "a", "c", "high")];
  assert.deepEqual(grouped(list, false).map((group) => group.alarms.length), [2, 1, 1]);
  assert.equal(grouped(list, false)[0]?.alarms[0], list[0]);
});

test("in a flood what is urgent still stands alone", () => {
  const list = [...Array(8).keys()].map((k) => alarm("incursion", `t${k}`, null));
  list.unshift(alarm("conflict", "a", "b", "high"), alarm("conflict", "c", "d", "high"));
  assert.equal(grouped(list, false).length, 10);
  assert.deepEqual(grouped(list, true).map((group) => group.alarms.length), [1, 1, 8]);
  const all = grouped(list, true).flatMap((group) => group.alarms);
  assert.equal(new Set(all).size, list.length);
});
