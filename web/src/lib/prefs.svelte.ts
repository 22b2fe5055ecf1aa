/** What somebody likes: kept in their browser, and nowhere else. */

import { ready } from "./chime";

export interface Prefs {
  palette: "dark" | "light";
  units: "aviation" | "metric";
  sound: boolean;
  borders: boolean;
  labels: boolean;
  trails: boolean;
  vectors: boolean;
}

const KEY = "overflight";

function stored(): Partial<Prefs> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Prefs>;
  } catch {
    return {};
  }
}

const light = matchMedia("(prefers-color-scheme: light)").matches;

export const prefs: Prefs = $state({
  palette: light ? "light" : "dark",
  units: "aviation",
  sound: false,
  borders: true,
  labels: true,
  trails: true,
  vectors: true,
  ...stored(),
});

/** Keep them; to be called in an effect. */
export function keepPrefs(): void {
  document.documentElement.dataset.palette = prefs.palette;
  const text = JSON.stringify(prefs);
  try {
    localStorage.setItem(KEY, text);
  } catch {
    // A browser that keeps nothing: then they last as long as the page.
  }
}

export function togglePalette(): void {
  prefs.palette = prefs.palette === "dark" ? "light" : "dark";
}

export function toggleUnits(): void {
  prefs.units = prefs.units === "aviation" ? "metric" : "aviation";
}

/** Sound on or off; that somebody has pressed something lets the browser sound. */
export function toggleSound(): void {
  prefs.sound = !prefs.sound;
  if (prefs.sound) void ready();
}
