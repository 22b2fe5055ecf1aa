/** What is drawn over the base map, from the same things that the lists show. */

import type { Layer } from "@deck.gl/core";
import { GeoJsonLayer, IconLayer, LineLayer, PathLayer, PolygonLayer, ScatterplotLayer, TextLayer } from "@deck.gl/layers";
import type { FeatureCollection, Feature } from "geojson";
import type { EventRecord, Priority } from "../lib/api";
import { circle, closest, distanceNm, onward } from "../lib/earth";
import type { Point } from "../lib/live.svelte";
import { COASTING_S, doubtful, name, STALE_S, type Track } from "../lib/track";
import * as units from "../lib/units";
import type { Area } from "../lib/view.svelte";
import { ALARM, byAltitude, INK, INTEGRITY, PAPER, VOLUME, type Palette, type Rgb } from "./colours";
import { atlas, MAPPING, type Icon } from "./icons";

export interface Concern {
  id: string;
  event: EventRecord;
  priority: Priority;
}

export interface Scene {
  palette: Palette;
  tracks: Track[];
  timeMs: number;
  trail: (id: string) => Point[];
  concerns: Concern[];
  selected: string | null;
  chosen: string | null;
  volumes: FeatureCollection | null;
  area: Area | null;
  measure: [number, number][];
  labels: boolean;
  trails: boolean;
  vectors: boolean;
  project: (longitude: number, latitude: number) => [number, number];
  size: [number, number];
}

const RANK: Record<Priority, number> = { low: 0, medium: 1, high: 2 };
const MOST_TRAILS = 400;
const MOST_LABELS = 250;
const MOST_NAMES = 40;
const FONT = "system-ui, 'DejaVu Sans', sans-serif";
let symbols: HTMLCanvasElement | null = null;

function alpha(rgb: Rgb, a: number): [number, number, number, number] {
  return [...rgb, a];
}

/** Of each track, the gravest of what concerns it. */
export function byTrack(concerns: Concern[]): Map<string, Concern> {
  const found = new Map<string, Concern>();
  for (const one of concerns)
    for (const side of [one.event.track_a, one.event.track_b]) {
      const before = side === null ? undefined : found.get(side);
      if (side !== null && (!before || RANK[one.priority] > RANK[before.priority])) found.set(side, one);
    }
  return found;
}

function icon(track: Track): Icon {
  const old = track.ageS > COASTING_S;
  if (track.trackDeg === null) return old ? "hollow" : "dot";
  return old ? "coasting" : "aircraft";
}

function colour(track: Track, scene: Scene): [number, number, number, number] {
  return alpha(byAltitude(track.altitudeFt, scene.palette), track.ageS > STALE_S ? 130 : 255);
}

function trend(track: Track): string {
  if (track.climbFpm === null || Math.abs(track.climbFpm) < 200) return "";
  return track.climbFpm > 0 ? "↑" : "↓";
}

function label(track: Track, full: boolean): string {
  const age = track.ageS > COASTING_S ? ` (${Math.round(track.ageS)} s old)` : "";
  const short = `${name(track)}\n${units.level(track.altitudeFt)}${trend(track)}`;
  const speed = track.speedKt === null ? "" : ` ${units.speed(track.speedKt)}`;
  if (!full) return `${short}${track.speedKt === null ? "" : ` ${Math.round(track.speedKt)}`}`;
  const squawk = track.squawk ? ` ${track.squawk}` : "";
  return `${name(track)}${squawk}\n${units.level(track.altitudeFt)}${trend(track)}${speed}${age}`;
}

/** Labels that do not lie on one another: those of concern first, then the rest where there is room. */
function labels(scene: Scene, of: Map<string, Concern>): Label[] {
  const first = (track: Track): number => (track.id === scene.selected ? 2 : of.has(track.id) ? 1 : 0);
  let wanted = scene.tracks.filter((track) => scene.labels || first(track) > 0);
  if (wanted.length > MOST_LABELS) wanted = wanted.filter((track) => first(track) > 0);
  wanted.sort((a, b) => first(b) - first(a));
  const taken: [number, number, number, number][] = [];
  const found: Label[] = [];
  for (const track of wanted) {
    const [x, y] = scene.project(track.longitude, track.latitude);
    if (x < -50 || y < -50 || x > scene.size[0] + 50 || y > scene.size[1] + 50) continue;
    const full = first(track) > 0;
    const told = label(track, full);
    const wide = Math.max(...told.split("\n").map((line) => line.length)) * (full ? 8 : 7);
    const boxes = SIDES.map(({ offset: [dx, dy], anchor }): [number, number, number, number] => {
      const left = anchor === "start" ? x + dx - 3 : x + dx - wide;
      return [left, y + dy - 16, left + wide + 3, y + dy + 16];
    });
    const clear = boxes.findIndex((box) => !taken.some((one) => box[0] < one[2] && box[2] > one[0] && box[1] < one[3] && box[3] > one[1]));
    if (clear < 0 && !full) continue;
    const side = Math.max(0, clear);
    taken.push(boxes[side] as [number, number, number, number]);
    found.push({ track, text: told, full, ...(SIDES[side] as (typeof SIDES)[number]) });
  }
  return found;
}

/** The line between two that come together, said once for each pair: how far apart they are, and when they are closest if they fly on so. */
function lines(scene: Scene): { from: number[]; to: number[]; text: string; rgb: Rgb; id: string }[] {
  const known = new Map(scene.tracks.map((track) => [track.id, track]));
  const pairs = new Map<string, Concern>();
  for (const one of scene.concerns) {
    const { track_a, track_b } = one.event;
    if (track_a === null || track_b === null) continue;
    const key = [track_a, track_b].sort().join(" ");
    const before = pairs.get(key);
    if (!before || one.id === scene.chosen || (before.id !== scene.chosen && RANK[one.priority] > RANK[before.priority])) pairs.set(key, one);
  }
  return [...pairs.values()].flatMap((one) => {
    const a = known.get(one.event.track_a as string);
    const b = known.get(one.event.track_b as string);
    if (!a || !b) return [];
    const now = units.distance(distanceNm(a.latitude, a.longitude, b.latitude, b.longitude));
    const ahead = closest(a, b);
    const apart = ahead && `${units.distance(ahead.horizontalNm)}${ahead.verticalFt === null ? "" : ` / ${units.height(ahead.verticalFt)}`}`;
    const text = ahead && ahead.inS >= 1 ? `closest in ${Math.round(ahead.inS)} s: ${apart}` : `now ${now}`;
    const rgb = ALARM[scene.palette][one.priority];
    return [{ from: [a.longitude, a.latitude], to: [b.longitude, b.latitude], text, rgb, id: one.id }];
  });
}

interface Label {
  track: Track;
  text: string;
  full: boolean;
  offset: [number, number];
  anchor: "start" | "end";
}

/** Where a label may stand beside its symbol, the best first. */
const SIDES: { offset: [number, number]; anchor: "start" | "end" }[] = [
  { offset: [13, -12], anchor: "start" },
  { offset: [-13, -12], anchor: "end" },
  { offset: [13, 16], anchor: "start" },
  { offset: [-13, 16], anchor: "end" },
];

interface Patch {
  ring: [number, number][];
  rgb: Rgb;
  text: string;
  at: [number, number];
}

/** Where a vanished aircraft may be, and cells in which positions are disturbed. */
function patches(scene: Scene): Patch[] {
  return scene.concerns.flatMap(({ event, priority }): Patch[] => {
    const rgb = ALARM[scene.palette][priority];
    const search = event.parameters?.search as
      | { latitude: number; longitude: number; sector: { from_deg: number; to_deg: number } | null; circles: { after_min: number; radius_nm: number }[] }
      | undefined;
    if (event.kind === "lost" && search) {
      const minutes = (scene.timeMs - Date.parse(event.start)) / 60_000;
      const reach = search.circles.find((one) => one.after_min >= minutes) ?? search.circles.at(-1);
      if (!reach) return [];
      const { latitude, longitude, sector } = search;
      const text = `search area, ${reach.after_min} min: ${units.distance(reach.radius_nm)}`;
      const found: Patch[] = [{ ring: circle(latitude, longitude, reach.radius_nm), rgb, text, at: [longitude, latitude] }];
      if (sector) {
        const ring = circle(latitude, longitude, reach.radius_nm, sector.from_deg, sector.to_deg);
        found.push({ ring, rgb, text: "", at: [longitude, latitude] });
      }
      return found;
    }
    const corners = (event.parameters?.cell as { corners: [number, number][] } | undefined)?.corners;
    if (event.kind === "interference" && corners) {
      const ring = [...corners, corners[0] as [number, number]].map(([lat, lon]): [number, number] => [lon, lat]);
      return [{ ring, rgb, text: "interference", at: ring[0] as [number, number] }];
    }
    return [];
  });
}

function text(id: string, scene: Scene, data: { at: number[]; text: string; rgb?: Rgb }[], below = 0): Layer | false {
  if (!data.length) return false; // a text layer of nothing makes an empty picture of its letters, which WebGL refuses
  return new TextLayer({
    id,
    data,
    getPosition: (d: { at: number[] }) => d.at as [number, number],
    getText: (d: { text: string }) => d.text,
    getSize: 12,
    getPixelOffset: [0, below],
    getColor: (d: { rgb?: Rgb }) => d.rgb ?? INK[scene.palette],
    fontFamily: FONT,
    fontWeight: 600,
    characterSet: "auto",
    background: true,
    backgroundPadding: [4, 2],
    getBackgroundColor: alpha(PAPER[scene.palette], 225),
    updateTriggers: { getColor: scene.palette },
  });
}

/** Names and limits of the volumes that are in sight, unless they are many. */
function volumeNames(scene: Scene): { at: number[]; text: string; rgb: Rgb }[] {
  const found = (scene.volumes?.features ?? []).flatMap((one) => {
    const points = "coordinates" in one.geometry ? (one.geometry.coordinates.flat(5) as number[]) : [];
    const longitudes = points.filter((_, k) => k % 2 === 0);
    const latitudes = points.filter((_, k) => k % 2 === 1);
    if (!longitudes.length || Math.max(...longitudes) - Math.min(...longitudes) > 180) return [];
    const at = [(Math.min(...longitudes) + Math.max(...longitudes)) / 2, (Math.min(...latitudes) + Math.max(...latitudes)) / 2];
    const [x, y] = scene.project(at[0] as number, at[1] as number);
    if (x < 0 || y < 0 || x > scene.size[0] || y > scene.size[1]) return [];
    const told = one.properties as { name?: string; id?: string; floor?: string; ceiling?: string } | null;
    const limits = told?.floor || told?.ceiling ? `\n${told.floor ?? "SFC"} to ${told.ceiling ?? "UNL"}` : "";
    const quiet = isActive(one, scene.timeMs) ? "" : " (not active)";
    return [{ at, text: `${told?.name ?? told?.id ?? "volume"}${quiet}${limits}`, rgb: ofVolume(one, scene.palette) }];
  });
  return found.length <= MOST_NAMES ? found : [];
}

/** Operations are drawn in ink: they are what somebody means to do, and no volume of airspace. */
function ofVolume(one: Feature, palette: Palette): Rgb {
  return one.properties?.kind === "operation" ? INK[palette] : VOLUME[palette];
}

function isActive(feature: Feature, timeMs: number): boolean {
  const from = Date.parse(String(feature.properties?.active_from ?? ""));
  const to = Date.parse(String(feature.properties?.active_to ?? ""));
  return !(timeMs < from || timeMs > to);
}

/** The layers of a moment, from the ground up. */
export function layers(scene: Scene): Layer[] {
  symbols ??= atlas();
  const { palette, tracks } = scene;
  const ink = INK[palette];
  const of = byTrack(scene.concerns);
  const shown = tracks.length <= MOST_TRAILS ? tracks : tracks.filter((one) => of.has(one.id) || one.id === scene.selected);
  const moving = tracks.filter((one) => one.trackDeg !== null && one.speedKt !== null && one.speedKt > 30);
  const vectors = tracks.length <= 3 * MOST_TRAILS ? moving : moving.filter((one) => of.has(one.id) || one.id === scene.selected);
  const rings = tracks.filter((one) => of.has(one.id));
  const chosen = tracks.filter((one) => one.id === scene.selected);
  const pairs = lines(scene);
  const areas = patches(scene);
  const said = labels(scene, of);
  const found: (Layer | false)[] = [
    scene.volumes !== null &&
      new GeoJsonLayer({
        id: "volumes",
        data: scene.volumes,
        stroked: true,
        filled: true,
        lineWidthUnits: "pixels",
        getLineWidth: 1.5,
        getFillColor: (f: Feature) => alpha(ofVolume(f, palette), isActive(f, scene.timeMs) ? 38 : 8),
        getLineColor: (f: Feature) => alpha(ofVolume(f, palette), isActive(f, scene.timeMs) ? 230 : 90),
        updateTriggers: { getFillColor: [palette, Math.floor(scene.timeMs / 60_000)], getLineColor: [palette, Math.floor(scene.timeMs / 60_000)] },
      }),
    text("volume-names", scene, volumeNames(scene)),
    areas.length > 0 &&
      new PolygonLayer<Patch>({
        id: "patches",
        data: areas,
        getPolygon: (d) => d.ring,
        getFillColor: (d) => alpha(d.rgb, 28),
        getLineColor: (d) => alpha(d.rgb, 220),
        lineWidthUnits: "pixels",
        getLineWidth: 1.5,
      }),
    scene.area !== null &&
      new PathLayer<{ path: [number, number][] }>({
        id: "area",
        data: [{ path: rectangle(scene.area) }],
        getPath: (d) => d.path,
        getColor: alpha(ink, 160),
        widthUnits: "pixels",
        getWidth: 1,
      }),
    scene.trails &&
      new PathLayer<Track>({
        id: "trails",
        data: shown,
        getPath: (d) => [...scene.trail(d.id).map(([x, y]): [number, number] => [x, y]), [d.longitude, d.latitude]],
        getColor: (d) => alpha(byAltitude(d.altitudeFt, palette), 120),
        widthUnits: "pixels",
        getWidth: 1.5,
      }),
    scene.vectors &&
      new LineLayer<Track>({
        id: "vectors",
        data: vectors,
        getSourcePosition: (d) => [d.longitude, d.latitude],
        getTargetPosition: (d) => onward(d.latitude, d.longitude, d.trackDeg ?? 0, (d.speedKt ?? 0) / 60),
        getColor: (d) => colour(d, scene),
        widthUnits: "pixels",
        getWidth: 1.5,
      }),
    new LineLayer<(typeof pairs)[number]>({
      id: "pairs",
      data: pairs,
      pickable: true,
      getSourcePosition: (d) => d.from as [number, number],
      getTargetPosition: (d) => d.to as [number, number],
      getColor: (d) => d.rgb,
      widthUnits: "pixels",
      getWidth: (d) => (d.id === scene.chosen ? 4 : 2.5),
    }),
    new ScatterplotLayer<Track>({
      id: "rings",
      data: rings,
      getPosition: (d) => [d.longitude, d.latitude],
      radiusUnits: "pixels",
      getRadius: 14,
      filled: false,
      stroked: true,
      lineWidthUnits: "pixels",
      getLineWidth: 3,
      getLineColor: (d) => ALARM[palette][(of.get(d.id) as Concern).priority],
    }),
    new ScatterplotLayer<Track>({
      id: "selected",
      data: chosen,
      getPosition: (d) => [d.longitude, d.latitude],
      radiusUnits: "pixels",
      getRadius: 18,
      filled: false,
      stroked: true,
      lineWidthUnits: "pixels",
      getLineWidth: 2,
      getLineColor: ink,
    }),
    new IconLayer<Track>({
      id: "tracks",
      data: tracks,
      pickable: true,
      iconAtlas: symbols as unknown as string,
      iconMapping: MAPPING,
      getIcon: icon,
      getPosition: (d) => [d.longitude, d.latitude],
      getAngle: (d) => -(d.trackDeg ?? 0),
      getSize: 20,
      getColor: (d) => colour(d, scene),
    }),
    text("marks", scene, marks(scene)),
    text("pair-text", scene, pairs.map((one) => ({ at: middle(one.from, one.to), text: one.text, rgb: one.rgb })), 18),
    text("patch-text", scene, areas.filter((one) => one.text).map(({ at, text: told, rgb }) => ({ at, text: told, rgb }))),
    said.length > 0 &&
      new TextLayer<Label>({
      id: "labels",
      data: said,
      getPosition: (d) => [d.track.longitude, d.track.latitude],
      getText: (d) => d.text,
      getSize: (d) => (d.full ? 13 : 11),
      getColor: (d) => (d.full ? ink : alpha(ink, d.track.ageS > STALE_S ? 140 : 220)),
      getPixelOffset: (d) => d.offset,
      getTextAnchor: (d) => d.anchor,
      fontFamily: FONT,
      fontWeight: 600,
      lineHeight: 1.1,
      characterSet: "auto",
      background: true,
      backgroundPadding: [3, 1],
      getBackgroundColor: (d) => alpha(PAPER[palette], d.full ? 235 : 150),
    }),
    scene.measure.length > 0 &&
      new PathLayer<{ path: [number, number][] }>({
        id: "measure",
        data: [{ path: scene.measure }],
        getPath: (d) => d.path,
        getColor: ink,
        widthUnits: "pixels",
        getWidth: 2,
      }),
  ];
  return found.filter((one) => one !== false);
}

function marks(scene: Scene): { at: number[]; text: string; rgb: Rgb }[] {
  const rgb: Rgb = scene.palette === "dark" ? [216, 180, 254] : INTEGRITY.light;
  return scene.tracks.filter((one) => doubtful(one.flags)).map((one) => ({ at: [one.longitude, one.latitude], text: "!", rgb }));
}

function middle(a: number[], b: number[]): number[] {
  return [((a[0] as number) + (b[0] as number)) / 2, ((a[1] as number) + (b[1] as number)) / 2];
}

export function rectangle([west, south, east, north]: Area): [number, number][] {
  const right = east < west ? east + 360 : east;
  return [[west, south], [right, south], [right, north], [west, north], [west, south]];
}
