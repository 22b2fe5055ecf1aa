/** How things are said: the same words as in the reports. */

import type { EventRecord } from "./api";

export const KINDS: Record<string, string> = {
  separation: "Loss of separation",
  conflict: "Conflict ahead",
  incursion: "Airspace entered",
  hazard: "Flight in danger area",
  lost: "Vanished track",
  breach: "Breach of agreement",
  interference: "Interference",
  outage: "Outage of a source",
};

export const STATES: Record<string, string> = {
  unacknowledged: "unacknowledged",
  acknowledged: "acknowledged",
  returned: "over, unacknowledged",
  normal: "over",
  shelved: "shelved",
  suppressed: "suppressed",
  out_of_service: "out of service",
};

export function kind(event: { kind: string }): string {
  return KINDS[event.kind] ?? event.kind;
}

/** Who an event is of: callsigns where they are known. */
export function who(event: EventRecord): string {
  const side = (track: string | null, of: string): string | null =>
    track === null ? null : ((event.parameters?.[of] as { callsign?: string } | undefined)?.callsign ?? event.parameters?.callsign ?? track);
  const names = [side(event.track_a, "a"), side(event.track_b, "b")].filter((one) => one !== null);
  if (event.volume) names.push(event.volume);
  return names.join(" · ") || (event.rule ?? "");
}

export function utc(ms: number, seconds = true): string {
  return new Date(ms).toISOString().slice(11, seconds ? 19 : 16);
}

export function date(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** A length of time, "45 s", "3 min 5 s", "2 h 10 min". */
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
