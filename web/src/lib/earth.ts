/** Distances and courses on a sphere of the Earth's mean radius: for showing, at most 0.6 % from WGS84. What is judged is judged by the service. */

const RADIUS_NM = 6371.0088 / 1.852;
const RAD = Math.PI / 180;

/** How far one longitude is from another, the short way, deg east. */
export function turnDeg(from: number, to: number): number {
  const turn = to - from;
  return turn > 180 ? turn - 360 : turn < -180 ? turn + 360 : turn;
}

/** Great-circle distance, NM (haversine). */
export function distanceNm(aLat: number, aLon: number, bLat: number, bLon: number): number {
  const dLat = (bLat - aLat) * RAD;
  const dLon = (bLon - aLon) * RAD;
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(aLat * RAD) * Math.cos(bLat * RAD) * Math.sin(dLon / 2) ** 2;
  return 2 * RADIUS_NM * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Initial course from a to b, deg true. */
export function courseDeg(aLat: number, aLon: number, bLat: number, bLon: number): number {
  const dLon = (bLon - aLon) * RAD;
  const y = Math.sin(dLon) * Math.cos(bLat * RAD);
  const x = Math.cos(aLat * RAD) * Math.sin(bLat * RAD) - Math.sin(aLat * RAD) * Math.cos(bLat * RAD) * Math.cos(dLon);
  return (Math.atan2(y, x) / RAD + 360) % 360;
}

/** Where one is after a distance (NM) on a course, as [longitude, latitude]. */
export function onward(lat: number, lon: number, deg: number, nm: number): [number, number] {
  const d = nm / RADIUS_NM;
  const sin = Math.sin(lat * RAD) * Math.cos(d) + Math.cos(lat * RAD) * Math.sin(d) * Math.cos(deg * RAD);
  const latitude = Math.asin(sin);
  const y = Math.sin(deg * RAD) * Math.sin(d) * Math.cos(lat * RAD);
  const longitude = lon * RAD + Math.atan2(y, Math.cos(d) - Math.sin(lat * RAD) * sin);
  return [longitude / RAD, latitude / RAD];
}

/** A circle, or a sector of one, as a ring of [longitude, latitude]. */
export function circle(lat: number, lon: number, nm: number, fromDeg = 0, toDeg = 360): [number, number][] {
  const span = (toDeg - fromDeg + 360) % 360 || 360;
  const steps = Math.max(8, Math.round(span / 5));
  const ring = Array.from({ length: steps + 1 }, (_, k) => onward(lat, lon, fromDeg + (span * k) / steps, nm));
  return span === 360 ? ring : [[lon, lat], ...ring, [lon, lat]];
}

export interface Moving {
  latitude: number;
  longitude: number;
  altitudeFt: number | null;
  speedKt: number | null;
  trackDeg: number | null;
  climbFpm: number | null;
}

/**
 * When two that fly on as they do are closest, and how near then; null where speed or track is not known. Vertically it is not said where an
 * altitude or a rate of climb is not: who is not known to be level may be anywhere by then.
 */
export function closest(a: Moving, b: Moving): { inS: number; horizontalNm: number; verticalFt: number | null } | null {
  if (a.speedKt === null || a.trackDeg === null || b.speedKt === null || b.trackDeg === null) return null;
  const turn = turnDeg(a.longitude, b.longitude);
  const x = turn * 60 * Math.cos(((a.latitude + b.latitude) / 2) * RAD);
  const y = (b.latitude - a.latitude) * 60;
  const vx = (b.speedKt * Math.sin(b.trackDeg * RAD) - a.speedKt * Math.sin(a.trackDeg * RAD)) / 3600;
  const vy = (b.speedKt * Math.cos(b.trackDeg * RAD) - a.speedKt * Math.cos(a.trackDeg * RAD)) / 3600;
  const square = vx * vx + vy * vy;
  const inS = square > 1e-12 ? Math.max(0, -(x * vx + y * vy) / square) : 0;
  const horizontalNm = Math.hypot(x + inS * vx, y + inS * vy);
  if (a.altitudeFt === null || b.altitudeFt === null || a.climbFpm === null || b.climbFpm === null) return { inS, horizontalNm, verticalFt: null };
  return { inS, horizontalNm, verticalFt: Math.abs(b.altitudeFt - a.altitudeFt + (inS * (b.climbFpm - a.climbFpm)) / 60) };
}
