/** A track as it is shown: its last position, and how old that is. */

export interface Track {
  id: string;
  callsign: string | null;
  icao24: string | null;
  squawk: string | null;
  source: string | null;
  party: string | null;
  latitude: number;
  longitude: number;
  altitudeFt: number | null;
  speedKt: number | null;
  trackDeg: number | null;
  climbFpm: number | null;
  flags: number;
  ageS: number;
}

/** A position is coasting when the next report is overdue, and stale when nothing rests on it any more. */
export const COASTING_S = 15;
export const STALE_S = 60;

const FLAGS: [number, string, string][] = [
  [1 << 0, "stale position", "the position was old when it was reported"],
  [1 << 1, "frozen", "the position does not move though it should"],
  [1 << 2, "jump", "the position jumped farther than any aircraft flies"],
  [1 << 3, "altitude doubtful", "the altitude contradicts itself"],
  [1 << 4, "duplicate", "two aircraft use one address"],
  [1 << 5, "shared point", "several aircraft report one and the same place"],
  [1 << 6, "shared circle", "several aircraft report one and the same circle"],
  [1 << 7, "low quality", "the aircraft itself says that its position is doubtful"],
  [1 << 8, "on ground", "on the ground"],
  [1 << 9, "relocated", "the position is somewhere else than where it was heard"],
  [1 << 10, "same aircraft", "another sensor's report of an aircraft that is shown already"],
];
const DISQUALIFYING = 0b10001110111;
const SHOWN = ~(1 << 8) & ~(1 << 10);

/** What the integrity gate says of a position, in words. */
export function integrity(flags: number): { name: string; text: string }[] {
  return FLAGS.filter(([bit]) => flags & bit).map(([, name, text]) => ({ name, text }));
}

/** Whether a mark is to be seen at the position. */
export function doubtful(flags: number): boolean {
  return (flags & SHOWN) !== 0;
}

/** Whether no net uses the position. */
export function disqualified(flags: number): boolean {
  return (flags & DISQUALIFYING & SHOWN) !== 0;
}

export function name(track: { callsign?: string | null; icao24?: string | null; id?: string }): string {
  return track.callsign || track.icao24 || track.id || "unknown";
}
