/** Which time is looked at: now, or a moment that can be played on from. */

import { positions, said, type TrackColumns } from "./api";
import { live, type Point } from "./live.svelte";
import type { Track } from "./track";
import { view } from "./view.svelte";

const BEFORE_MS = 300_000;
const AFTER_MS = 600_000;
const SHOWN_MS = 120_000;
const TICK_MS = 1000;

interface Loaded {
  fromMs: number;
  toMs: number;
  tracks: TrackColumns[];
}

class Clock {
  playing = $state(false);
  trouble = $state<string | null>(null);
  loading = $state(false);
  #loaded = $state.raw<Loaded | null>(null);
  #timer = 0;

  /** Whether a moment of the past is looked at. */
  get past(): boolean {
    return view.timeMs !== null;
  }

  get timeMs(): number {
    return view.timeMs ?? live.timeMs;
  }

  get tracks(): Track[] {
    return view.timeMs === null ? live.tracks : this.#at(view.timeMs);
  }

  /** Up to where there is something to look at. */
  get headMs(): number {
    const told = live.status?.watermark;
    return told ? Date.parse(told) : live.timeMs;
  }

  /** Look at a moment; at or after the head it is now. */
  look(ms: number): void {
    if (ms >= this.headMs) {
      this.now();
      return;
    }
    view.timeMs = Math.round(ms);
    void this.#load(ms);
  }

  now(): void {
    view.timeMs = null;
    this.playing = false;
    this.trouble = null;
  }

  step(seconds: number): void {
    this.playing = false;
    this.look(this.timeMs + seconds * 1000);
  }

  toggle(): void {
    if (!this.past) this.look(this.headMs - 1);
    else this.playing = !this.playing;
  }

  /** Let time pass once a second while it is played; to be called once. */
  start(): void {
    clearInterval(this.#timer);
    if (view.timeMs !== null) void this.#load(view.timeMs);
    this.#timer = window.setInterval(() => {
      if (this.playing && view.timeMs !== null && !this.loading) this.look(view.timeMs + view.speed * TICK_MS);
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  trail(id: string): Point[] {
    if (view.timeMs === null) return live.trail(id);
    const found = this.#loaded?.tracks.find((one) => one.track_id === id);
    if (!found || !this.#loaded) return [];
    const points: Point[] = [];
    for (let k = 0; k < found.t.length; k++) {
      const ms = this.#loaded.fromMs + (found.t[k] as number) * 1000;
      if (ms > view.timeMs) break;
      if (ms >= view.timeMs - BEFORE_MS) points.push([found.longitude[k] as number, found.latitude[k] as number, ms]);
    }
    return points;
  }

  async #load(ms: number): Promise<void> {
    const have = this.#loaded;
    const reach = Math.min(AFTER_MS / 5, Math.max(0, this.headMs - ms));
    if (this.loading || (have && ms - SHOWN_MS >= have.fromMs && ms + reach <= have.toMs)) return;
    this.loading = true;
    try {
      const fromMs = ms - BEFORE_MS - SHOWN_MS;
      const toMs = ms + AFTER_MS;
      const found = await positions(fromMs, toMs);
      // What lies ahead of the head is not there yet: it is asked for again.
      this.#loaded = { fromMs, toMs: Math.min(toMs, this.headMs), tracks: found.tracks };
      this.trouble = null;
    } catch (error) {
      this.trouble = said(error);
    } finally {
      this.loading = false;
    }
    if (view.timeMs !== null && Math.abs(view.timeMs - ms) > AFTER_MS) void this.#load(view.timeMs);
  }

  #at(ms: number): Track[] {
    const loaded = this.#loaded;
    if (!loaded) return [];
    const second = (ms - loaded.fromMs) / 1000;
    const found: Track[] = [];
    for (const one of loaded.tracks) {
      const k = lastBefore(one.t, second);
      if (k < 0 || second - (one.t[k] as number) > SHOWN_MS / 1000) continue;
      found.push({
        id: one.track_id,
        callsign: one.callsign,
        icao24: one.icao24,
        squawk: one.squawk,
        source: one.source,
        party: one.party,
        latitude: one.latitude[k] as number,
        longitude: one.longitude[k] as number,
        altitudeFt: one.altitude[k] ?? null,
        speedKt: one.groundspeed[k] ?? null,
        trackDeg: one.track[k] ?? null,
        climbFpm: one.vertical_rate[k] ?? null,
        flags: one.flags[k] ?? 0,
        ageS: second - (one.t[k] as number),
      });
    }
    return found;
  }
}

/** The place of the last time that is not after a second; -1 where all are. */
export function lastBefore(times: number[], second: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= second) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export const clock = new Clock();
