/** What somebody looks at: place, time, filters and selection. It stands in the address, so that a link shows the same. */

import type { EventRecord } from "./api";
import type { Track } from "./track";

export type Area = [number, number, number, number];

export interface Filters {
  lowFt: number | null;
  highFt: number | null;
  unknown: boolean;
  callsign: string;
  source: string;
  party: string;
  kinds: string[];
  area: Area | null;
}

export const NO_FILTERS: Filters = {
  lowFt: null,
  highFt: null,
  unknown: true,
  callsign: "",
  source: "",
  party: "",
  kinds: [],
  area: null,
};

class View {
  center = $state<[number, number] | null>(null);
  zoom = $state(0);
  bounds = $state.raw<Area | null>(null);
  track = $state<string | null>(null);
  alarm = $state<string | null>(null);
  filters = $state<Filters>({ ...NO_FILTERS });
  timeMs = $state<number | null>(null);
  speed = $state(10);

  constructor() {
    this.#read(new URLSearchParams(location.search));
  }

  #read(q: URLSearchParams): void {
    const at = (q.get("at") ?? "").split(",").map(Number);
    if (at.length === 3 && at.every(Number.isFinite)) {
      this.center = [at[1] as number, at[0] as number];
      this.zoom = at[2] as number;
    }
    const time = Date.parse(q.get("time") ?? "");
    this.timeMs = Number.isNaN(time) ? null : time;
    this.speed = Number(q.get("speed")) || 10;
    this.track = q.get("track");
    this.alarm = q.get("alarm");
    const [low, high] = (q.get("altitude") ?? "-").split("-");
    const area = (q.get("area") ?? "").split(",").map(Number);
    this.filters = {
      lowFt: low ? Number(low) : null,
      highFt: high ? Number(high) : null,
      unknown: q.get("unknown") !== "hidden",
      callsign: q.get("callsign") ?? "",
      source: q.get("source") ?? "",
      party: q.get("party") ?? "",
      kinds: q.getAll("kind"),
      area: area.length === 4 && area.every(Number.isFinite) ? (area as Area) : null,
    };
  }

  /** The view as a query; without what is as it always is. */
  query(): string {
    const q = new URLSearchParams();
    if (this.center) q.set("at", [this.center[1].toFixed(4), this.center[0].toFixed(4), this.zoom.toFixed(2)].join(","));
    if (this.timeMs !== null) {
      q.set("time", new Date(this.timeMs).toISOString());
      if (this.speed !== 10) q.set("speed", String(this.speed));
    }
    if (this.track) q.set("track", this.track);
    if (this.alarm) q.set("alarm", this.alarm);
    const f = this.filters;
    if (f.lowFt !== null || f.highFt !== null) q.set("altitude", `${f.lowFt ?? ""}-${f.highFt ?? ""}`);
    if (!f.unknown) q.set("unknown", "hidden");
    for (const key of ["callsign", "source", "party"] as const) if (f[key]) q.set(key, f[key]);
    for (const one of f.kinds) q.append("kind", one);
    if (f.area) q.set("area", f.area.map((x) => x.toFixed(3)).join(","));
    const text = q.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
    return text ? `?${text}` : "";
  }

  get filtered(): boolean {
    const f = this.filters;
    const some = f.callsign || f.source || f.party || f.kinds.length || f.area || !f.unknown;
    return f.lowFt !== null || f.highFt !== null || Boolean(some);
  }

  /** Whether a track passes the filters. */
  shows(track: Track): boolean {
    const f = this.filters;
    if (track.altitudeFt === null) {
      if (!f.unknown) return false;
    } else {
      if (f.lowFt !== null && track.altitudeFt < f.lowFt) return false;
      if (f.highFt !== null && track.altitudeFt > f.highFt) return false;
    }
    if (f.callsign && !pattern(f.callsign).test(track.callsign ?? track.icao24 ?? track.id)) return false;
    if (f.source && track.source !== f.source) return false;
    if (f.party && track.party !== f.party) return false;
    return f.area === null || inside(f.area, track.longitude, track.latitude);
  }

  /** Whether an event passes the filters. */
  showsEvent(event: EventRecord): boolean {
    const f = this.filters;
    if (f.kinds.length && !f.kinds.includes(event.kind)) return false;
    if (f.party && event.party_a !== f.party && event.party_b !== f.party) return false;
    if (f.area && event.longitude !== null && event.latitude !== null) return inside(f.area, event.longitude, event.latitude);
    return true;
  }
}

/** A pattern of a callsign: * is anything, ? one character. */
export function pattern(text: string): RegExp {
  const escaped = text.trim().replace(/[.+^${}()|[\]\\]/g, "\\$&");
  const whole = /[*?]/.test(escaped) ? escaped.replaceAll("*", ".*").replaceAll("?", ".") : `.*${escaped}.*`;
  return new RegExp(`^${whole}$`, "i");
}

export function inside(area: Area, longitude: number, latitude: number): boolean {
  const [west, south, east, north] = area;
  const between = west <= east ? longitude >= west && longitude <= east : longitude >= west || longitude <= east;
  return between && latitude >= south && latitude <= north;
}

export const view = new View();
