/** Numbers with their units, in the units that somebody wants to read. */

import { prefs } from "./prefs.svelte";

const FT_M = 0.3048;
const NM_KM = 1.852;
const NONE = "–";

function said(value: number, digits: number, unit: string): string {
  return `${value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`;
}

export function altitude(ft: number | null | undefined): string {
  if (ft === null || ft === undefined || Number.isNaN(ft)) return "altitude unknown";
  return prefs.units === "metric" ? said(Math.round((ft * FT_M) / 10) * 10, 0, "m") : said(Math.round(ft / 25) * 25, 0, "ft");
}

/** An altitude as it stands in a label: hundreds of feet, or tens of metres. */
export function level(ft: number | null): string {
  if (ft === null) return "FL–––";
  if (prefs.units === "metric") return `${Math.round((ft * FT_M) / 10) * 10} m`;
  return `FL${String(Math.max(0, Math.round(ft / 100))).padStart(3, "0")}`;
}

export function height(ft: number | null | undefined): string {
  if (ft === null || ft === undefined) return NONE;
  return prefs.units === "metric" ? said(ft * FT_M, 0, "m") : said(ft, 0, "ft");
}

export function distance(nm: number | null | undefined): string {
  if (nm === null || nm === undefined) return NONE;
  return prefs.units === "metric" ? said(nm * NM_KM, nm < 10 ? 2 : 1, "km") : said(nm, nm < 10 ? 2 : 1, "NM");
}

export function speed(kt: number | null | undefined): string {
  if (kt === null || kt === undefined) return NONE;
  return prefs.units === "metric" ? said(kt * NM_KM, 0, "km/h") : said(kt, 0, "kt");
}

export function climb(fpm: number | null | undefined): string {
  if (fpm === null || fpm === undefined) return NONE;
  return prefs.units === "metric" ? said((fpm * FT_M) / 60, 1, "m/s") : said(fpm, 0, "ft/min");
}

export function degrees(deg: number | null | undefined): string {
  return deg === null || deg === undefined ? NONE : `${String(Math.round(deg) % 360).padStart(3, "0")}°`;
}

export function place(latitude: number, longitude: number): string {
  const part = (value: number, plus: string, minus: string): string => `${Math.abs(value).toFixed(4)}° ${value < 0 ? minus : plus}`;
  return `${part(latitude, "N", "S")}, ${part(longitude, "E", "W")}`;
}
