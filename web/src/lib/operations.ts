/** Operations as the service tells them, in words. */

export interface Time {
  value: string;
}
export interface Levels {
  flight_levels?: [number, number];
  altitudes_m?: [number, number];
}
export interface Box extends Levels {
  south: number;
  west: number;
  north: number;
  east: number;
  time_start: Time;
  time_end: Time;
}
export interface Conflict {
  pseudonym: string;
  precedence: string;
  gives_way: boolean;
  stale: boolean;
  volumes: Box[];
}
export interface Constraint {
  id: string;
  manager: string;
  what: string;
}
export interface Declared {
  precedence: string;
  volumes: (Levels & { volume: any; time_start: Time; time_end: Time })[];
}
export interface Operation extends Declared {
  id: string;
  state: string;
  start: string;
  end: string;
}
export interface Shift {
  kind: string;
  later_s: number;
  higher_ft: number;
  distance_m: number;
  bearing_deg: number;
  operation: Declared;
}
export interface Delivery {
  sequence: number;
  at: string;
  acknowledged: boolean;
  kind: string;
  operation: string;
  with?: string;
  what?: string | null;
  precedence?: string;
  state?: string;
}

const level = (value: number): string => `FL${String(Math.round(value)).padStart(3, "0")}`;

/** Between which levels a volume is. */
export function levels(told: Levels & { volume?: any }): string {
  if (told.flight_levels) return `${level(told.flight_levels[0])} to ${level(told.flight_levels[1])}`;
  const low = told.altitudes_m?.[0] ?? told.volume?.altitude_lower?.value;
  const high = told.altitudes_m?.[1] ?? told.volume?.altitude_upper?.value;
  return `${low} to ${high} m above the ellipsoid`;
}

/** From when to when, UTC. */
export function span(start: string, end: string): string {
  const [day, from, lastDay, to] = [start.slice(0, 10), start.slice(11, 16), end.slice(0, 10), end.slice(11, 16)];
  return `${day} ${from} to ${day === lastDay ? to : `${lastDay} ${to}`}`;
}

/** Where a box is. */
export function box(told: Box): string {
  return `${told.south} to ${told.north} N, ${told.west} to ${told.east} E`;
}

/** What to change. */
export function change(shift: Shift): string {
  if (shift.kind === "time") return `${Math.abs(shift.later_s) / 60} minutes ${shift.later_s > 0 ? "later" : "earlier"}`;
  if (shift.kind === "level") return `${Math.abs(shift.higher_ft).toLocaleString("en")} ft ${shift.higher_ft > 0 ? "higher" : "lower"}`;
  return `${shift.distance_m / 1000} km towards ${shift.bearing_deg}°`;
}

/** An operation in one circle: radius in NM, times like "2026-12-01 04:00", UTC. */
export function circle(
  latitude: number,
  longitude: number,
  radiusNm: number,
  flightLevels: [number, number],
  from: string,
  until: string,
  precedence: string,
): Declared {
  const outline_circle = { center: { lat: latitude, lng: longitude }, radius: { value: radiusNm * 1852, units: "M" } };
  const when = (text: string) => ({ value: `${text.replace(" ", "T")}:00Z`, format: "RFC3339" });
  return {
    precedence,
    volumes: [{ volume: { outline_circle }, flight_levels: flightLevels, time_start: when(from), time_end: when(until) }],
  };
}
