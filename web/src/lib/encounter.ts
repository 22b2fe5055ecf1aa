/** How two tracks moved around an event, for plots: uniform motion between reports, as the nets take it. For looking; verdicts are the service's. */

import type { TrackColumns } from "./api";
import { lastBefore } from "./clock.svelte";
import { distanceNm, turnDeg } from "./earth";

/** Two reports at most this far apart are bridged, s. */
export const BRIDGED_S = 60;

export interface At {
  latitude: number;
  longitude: number;
  altitudeFt: number | null;
}

/** Where a track was at a second; null where that is not known. */
export function at(track: TrackColumns | undefined, second: number): At | null {
  if (!track) return null;
  const k = lastBefore(track.t, second);
  if (k < 0) return null;
  const from = track.t[k] as number;
  const here = { latitude: track.latitude[k] as number, longitude: track.longitude[k] as number, altitudeFt: track.altitude[k] ?? null };
  if (from === second || k + 1 >= track.t.length) return from === second ? here : null;
  const to = track.t[k + 1] as number;
  if (to - from > BRIDGED_S) return null;
  const share = (second - from) / (to - from);
  const next = track.altitude[k + 1] ?? null;
  const turn = turnDeg(here.longitude, track.longitude[k + 1] as number);
  return {
    latitude: here.latitude + share * ((track.latitude[k + 1] as number) - here.latitude),
    longitude: here.longitude + share * turn,
    altitudeFt: here.altitudeFt === null || next === null ? null : here.altitudeFt + share * (next - here.altitudeFt),
  };
}

export interface Series {
  seconds: number[];
  horizontalNm: (number | null)[];
  verticalFt: (number | null)[];
  altitudeA: (number | null)[];
  altitudeB: (number | null)[];
}

/** Distances and altitudes over time, at most 1,200 points. */
export function series(a: TrackColumns | undefined, b: TrackColumns | undefined, lengthS: number): Series {
  const step = Math.max(1, Math.ceil(lengthS / 1200));
  const found: Series = { seconds: [], horizontalNm: [], verticalFt: [], altitudeA: [], altitudeB: [] };
  for (let second = 0; second <= lengthS; second += step) {
    const one = at(a, second);
    const two = at(b, second);
    found.seconds.push(second);
    found.horizontalNm.push(one && two ? distanceNm(one.latitude, one.longitude, two.latitude, two.longitude) : null);
    const up = one?.altitudeFt ?? null;
    const down = two?.altitudeFt ?? null;
    found.verticalFt.push(up === null || down === null ? null : Math.abs(up - down));
    found.altitudeA.push(up);
    found.altitudeB.push(down);
  }
  return found;
}
