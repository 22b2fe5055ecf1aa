/** The base map: land and borders from Natural Earth as npm `world-atlas` packs them; nothing is asked of anybody else. */

import type { Feature, FeatureCollection, Geometry, Position } from "geojson";
import type { StyleSpecification } from "maplibre-gl";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import coarseUrl from "world-atlas/countries-110m.json?url";
import fineUrl from "world-atlas/countries-50m.json?url";
import finestUrl from "world-atlas/countries-10m.json?url";
import type { Palette } from "./colours";

const PAINT: Record<Palette, { water: string; land: string; coast: string; border: string }> = {
  dark: { water: "#0b1220", land: "#1b2537", coast: "#42526b", border: "#5b6b85" },
  light: { water: "#d8e4ee", land: "#f7f5f0", coast: "#8795a5", border: "#9a8f80" },
};
/** Scales of Natural Earth: 1:110 million, 1:50 million and 1:10 million, each from a zoom on. */
const SCALES = [
  { fromZoom: -Infinity, url: coarseUrl },
  { fromZoom: 3.5, url: fineUrl },
  { fromZoom: 6.5, url: finestUrl },
];

/** The scale that a zoom asks for. */
export function scaleOf(zoom: number): number {
  return SCALES.findLastIndex((one) => zoom >= one.fromZoom);
}

export interface Base {
  land: FeatureCollection;
  coast: FeatureCollection;
  borders: FeatureCollection;
}

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

/** Load land, coast and borders of a scale. */
export async function load(scale: number): Promise<Base> {
  const answer = await fetch(SCALES[scale]?.url ?? coarseUrl);
  const topology = (await answer.json()) as Topology<{ countries: GeometryCollection; land: GeometryCollection }>;
  const land = feature(topology, topology.objects.land) as unknown as Feature | FeatureCollection;
  const shapes = land.type === "FeatureCollection" ? land.features : [land];
  const rings = shapes.flatMap(({ geometry }) =>
    geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : [],
  );
  return {
    land: collection({ type: "MultiPolygon", coordinates: rings.map((polygon) => polygon.map(around)) }),
    coast: collection({ type: "MultiLineString", coordinates: mesh(topology, topology.objects.land).coordinates.map(onward) }),
    borders: collection({
      type: "MultiLineString",
      coordinates: mesh(topology, topology.objects.countries, (a, b) => a !== b).coordinates.map(onward),
    }),
  };
}

function collection(geometry: Geometry): FeatureCollection {
  return { type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry }] };
}

/** A line that goes on beyond 180 degrees where it crosses the antimeridian, instead of back around the world. */
function onward(line: Position[]): Position[] {
  let turn = 0;
  let before: number | null = null;
  return line.map(([longitude, latitude]) => {
    const here = longitude as number;
    if (before !== null && here - before > 180) turn -= 360;
    if (before !== null && before - here > 180) turn += 360;
    before = here;
    return [here + turn, latitude as number];
  });
}

/** A ring that does the same; one that goes around a pole is closed over it. */
function around(ring: Position[]): Position[] {
  const found = onward(ring);
  const first = found[0] as [number, number];
  const last = found.at(-1) as [number, number];
  if (Math.abs(last[0] - first[0]) < 180) return found;
  const pole = first[1] < 0 ? -90 : 90;
  return [...found, [last[0], pole], [first[0], pole], first];
}

export function style(palette: Palette, borders: boolean, base: Base | null): StyleSpecification {
  const paint = PAINT[palette];
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: base?.land ?? EMPTY },
      coast: { type: "geojson", data: base?.coast ?? EMPTY },
      borders: { type: "geojson", data: base?.borders ?? EMPTY },
    },
    layers: [
      { id: "water", type: "background", paint: { "background-color": paint.water } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": paint.land } },
      { id: "coast", type: "line", source: "coast", paint: { "line-color": paint.coast, "line-width": 1 } },
      {
        id: "borders",
        type: "line",
        source: "borders",
        layout: { visibility: borders ? "visible" : "none" },
        paint: { "line-color": paint.border, "line-width": 1, "line-dasharray": [3, 2] },
      },
    ],
  };
}
