/** The service's API: what is asked, and what is answered. Errors are problem documents (RFC 9457). */

export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
    /** The whole of what was answered. */
    readonly told: unknown = null,
  ) {
    super(detail);
  }
}

/** What went wrong, in words. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const BASE = "/api/v1";
let csrf = "";

/** Keep what must be said with every change. */
export function useCsrf(value: string): void {
  csrf = value;
}

/** Ask the service for something; throws a `Problem` where it refuses, with status 0 where it cannot be reached. */
export async function ask<T>(path: string, options: { method?: string; body?: unknown } = {}): Promise<T> {
  const method = options.method ?? "GET";
  const headers: Record<string, string> = { Accept: "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  let answer: Response;
  try {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    answer = await fetch(BASE + path, { method, headers, body });
  } catch {
    throw new Problem(0, "the service cannot be reached");
  }
  if (answer.status === 204) return undefined as T;
  const told: unknown = await answer.json().catch(() => null);
  if (!answer.ok) {
    const detail = (told as { detail?: string } | null)?.detail;
    throw new Problem(answer.status, detail ?? `the service answered ${answer.status}`, told);
  }
  return told as T;
}

export interface Aircraft {
  callsign?: string | null;
  icao24?: string | null;
}

export interface EventRecord {
  id: string;
  kind: string;
  start: string;
  end: string;
  time: string;
  track_a: string | null;
  track_b: string | null;
  party_a: string | null;
  party_b: string | null;
  volume: string | null;
  rule: string | null;
  verdict: string;
  severity: number | null;
  band: string | null;
  latitude: number | null;
  longitude: number | null;
  altitude_ft: number | null;
  horizontal_nm: number | null;
  vertical_ft: number | null;
  closure_kt: number | null;
  duration_s: number | null;
  why: string;
  parameters: Record<string, any> | null;
}

export type Priority = "high" | "medium" | "low";

export interface Alarm {
  event_id: string;
  kind: string;
  priority: Priority;
  state: string;
  active: boolean;
  acknowledged: boolean;
  shelved_until: string | null;
  withdrawn: boolean;
  sequence: number;
  event: EventRecord;
}

export interface LogEntry {
  sequence: number;
  at: string;
  action: string;
  user: string | null;
  note: string | null;
  alarm: Omit<Alarm, "event">;
  event: EventRecord | null;
}

export interface SourceStatus {
  name: string;
  connected: boolean;
  silent_s: number | null;
  stale: boolean;
  rows: number;
  lost: number;
  trouble: string | null;
}

export interface Status {
  version: string;
  place: [number, number, number, number] | null;
  span: [string, string] | null;
  mode: "live" | "behind" | "replay";
  behind_s: number | null;
  recording: string | null;
  speed: number;
  state: string;
  trouble: string | null;
  watermark: string | null;
  server_time: string;
  nets: string[];
  off: { net: string; why: string }[];
  not_tested: string[];
  in_sight: number;
  rows: number;
  dropped: number;
  late_in_a_row: number;
  sources: SourceStatus[];
  alarms_trouble: string | null;
}

export interface TrackColumns {
  track_id: string;
  callsign: string | null;
  icao24: string | null;
  squawk: string | null;
  party: string | null;
  source: string | null;
  t: number[];
  latitude: number[];
  longitude: number[];
  altitude: (number | null)[];
  groundspeed: (number | null)[];
  track: (number | null)[];
  vertical_rate: (number | null)[];
  flags: number[];
}

export interface Positions {
  from: string;
  to: string;
  step_s: number;
  tracks: TrackColumns[];
}

/** What flew from a time to before another (ms since 1970), of some tracks or all. */
export function positions(fromMs: number, toMs: number, tracks: string[] = []): Promise<Positions> {
  const query = new URLSearchParams({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() });
  for (const track of tracks) query.append("track", track);
  return ask<Positions>(`/positions?${query}`);
}
