/** A sound for each priority: how many tones, how high and how fast say which (after IEC 60601-1-8, its three priorities). */

import type { Priority } from "./api";

const TONES: Record<Priority, { hz: number; times: number; everyS: number }> = {
  high: { hz: 880, times: 5, everyS: 0.18 },
  medium: { hz: 660, times: 3, everyS: 0.28 },
  low: { hz: 440, times: 1, everyS: 0 },
};

let context: AudioContext | null = null;

/** Get ready to sound; browsers let a page do so only after somebody has pressed something. Returns whether it can. */
export async function ready(): Promise<boolean> {
  context ??= new AudioContext();
  if (context.state === "suspended") await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 300))]);
  return context.state === "running";
}

export function audible(): boolean {
  return context?.state === "running";
}

export function chime(priority: Priority): void {
  if (context?.state !== "running") return;
  const { hz, times, everyS } = TONES[priority];
  for (let k = 0; k < times; k++) {
    const at = context.currentTime + k * everyS;
    const tone = new OscillatorNode(context, { type: "triangle", frequency: hz });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.3, at + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.15);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.16);
  }
}
