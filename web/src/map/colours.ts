/** Colours of the map. Red and amber are for alarms alone; altitude goes from green over blue to violet, and grey is unknown. */

import type { Priority } from "../lib/api";

export type Rgb = [number, number, number];
export type Palette = "dark" | "light";

export const BINS: { fromFt: number; name: string; dark: Rgb; light: Rgb }[] = [
  { fromFt: -Infinity, name: "below 5,000 ft", dark: [110, 231, 183], light: [4, 120, 87] },
  { fromFt: 5_000, name: "5,000 ft to FL150", dark: [45, 212, 228], light: [14, 116, 144] },
  { fromFt: 15_000, name: "FL150 to FL250", dark: [96, 165, 250], light: [29, 78, 216] },
  { fromFt: 25_000, name: "FL250 to FL350", dark: [165, 140, 255], light: [91, 33, 182] },
  { fromFt: 35_000, name: "FL350 and above", dark: [240, 150, 250], light: [162, 28, 175] },
];
export const UNKNOWN: Record<Palette, Rgb> = { dark: [156, 163, 175], light: [100, 106, 118] };
export const ALARM: Record<Palette, Record<Priority, Rgb>> = {
  dark: { high: [255, 92, 92], medium: [255, 184, 28], low: [148, 180, 214] },
  light: { high: [200, 16, 32], medium: [180, 95, 6], low: [71, 95, 122] },
};
export const INTEGRITY: Record<Palette, Rgb> = { dark: [126, 34, 206], light: [107, 33, 168] };
export const INK: Record<Palette, Rgb> = { dark: [226, 232, 240], light: [15, 23, 42] };
export const PAPER: Record<Palette, Rgb> = { dark: [11, 18, 32], light: [255, 255, 255] };
export const VOLUME: Record<Palette, Rgb> = { dark: [125, 158, 192], light: [52, 84, 120] };

export function byAltitude(ft: number | null, palette: Palette): Rgb {
  if (ft === null) return UNKNOWN[palette];
  let found = BINS[0];
  for (const bin of BINS) if (ft >= bin.fromFt) found = bin;
  return (found as (typeof BINS)[number])[palette];
}

export function css(rgb: Rgb): string {
  return `rgb(${rgb.join(" ")})`;
}
