/** The sky now, over a WebSocket: connected again by itself, and never silent about not being so. */

import type { Status } from "./api";
import { decode } from "./picture";
import { session } from "./session.svelte";
import type { Track } from "./track";

/** Seconds without a picture after which the line counts as lost: one comes every second. */
const SILENT_S = 4;
const TRAIL_MS = 300_000;
const TRAIL_STEP_MS = 4_000;
const NO_SESSION = 4401;

type Name = [number, string, string | null, string | null, string | null, string | null, string | null];
export type Point = [longitude: number, latitude: number, timeMs: number];

class Live {
  status = $state.raw<Status | null>(null);
  tracks = $state.raw<Track[]>([]);
  timeMs = $state.raw(0);
  link = $state<"connecting" | "open" | "lost">("connecting");
  heardAt = $state.raw(0);
  pictures = $state.raw(0);
  #names = new Map<number, Name>();
  #trails = new Map<string, Point[]>();
  #socket: WebSocket | null = null;
  #tries = 0;
  #timer = 0;
  #watch = 0;

  /** Connect, and stay so. */
  start(): void {
    this.stop();
    this.#connect();
    this.#watch = window.setInterval(() => {
      if (this.link === "open" && performance.now() - this.heardAt > SILENT_S * 1000) {
        this.link = "lost";
        this.#socket?.close();
      }
    }, 500);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** Where a track was, up to five minutes back. */
  trail(id: string): Point[] {
    return this.#trails.get(id) ?? [];
  }

  #connect(): void {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/api/v1/tracks/live`);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onmessage = (message) => {
      if (socket !== this.#socket) return;
      if (typeof message.data === "string") this.#told(message.data);
      else this.#picture(message.data as ArrayBuffer);
    };
    socket.onclose = (closed) => {
      if (socket !== this.#socket) return;
      this.link = "lost";
      this.#names.clear();
      if (closed.code === NO_SESSION) {
        void session.look();
        return;
      }
      this.#tries += 1;
      this.#timer = window.setTimeout(() => this.#connect(), Math.min(8000, 500 * 2 ** this.#tries));
    };
  }

  #told(text: string): void {
    const told = JSON.parse(text) as { names: Name[]; status: Status };
    for (const one of told.names) this.#names.set(one[0], one);
    this.status = told.status;
  }

  #picture(bytes: ArrayBuffer): void {
    const picture = decode(bytes);
    const back = picture.timeMs < this.timeMs - 60_000;
    if (back) this.#trails.clear();
    const tracks: Track[] = [];
    const known = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);
    for (let k = 0; k < picture.count; k++) {
      const name = this.#names.get(picture.number[k] as number);
      if (!name) continue;
      const track: Track = {
        id: name[1],
        callsign: name[2],
        icao24: name[3],
        squawk: name[4],
        source: name[5],
        party: name[6],
        latitude: (picture.latitude[k] as number) / 1e7,
        longitude: (picture.longitude[k] as number) / 1e7,
        altitudeFt: known(picture.altitude[k]),
        speedKt: known(picture.groundspeed[k]),
        trackDeg: known(picture.track[k]),
        climbFpm: known(picture.verticalRate[k]),
        flags: picture.flags[k] as number,
        ageS: (picture.age[k] as number) / 10,
      };
      tracks.push(track);
      this.#extend(track, picture.timeMs - track.ageS * 1000);
    }
    if (picture.sequence % 30 === 0) this.#forget(picture.timeMs);
    this.tracks = tracks;
    this.timeMs = picture.timeMs;
    this.heardAt = performance.now();
    this.link = "open";
    this.#tries = 0;
    this.pictures += 1;
  }

  #extend(track: Track, timeMs: number): void {
    let trail = this.#trails.get(track.id);
    if (!trail) this.#trails.set(track.id, (trail = []));
    const last = trail.at(-1);
    if (!last || timeMs - last[2] >= TRAIL_STEP_MS) trail.push([track.longitude, track.latitude, timeMs]);
    while (trail.length && (trail[0] as Point)[2] < timeMs - TRAIL_MS) trail.shift();
  }

  #forget(timeMs: number): void {
    for (const [id, trail] of this.#trails) {
      const last = trail.at(-1);
      if (!last || last[2] < timeMs - TRAIL_MS) this.#trails.delete(id);
    }
  }
}

export const live = new Live();
