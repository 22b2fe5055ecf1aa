/** The base map: land and borders from Natural Earth as npm `world-atlas` packs them; nothing is asked of anybody else. */

import type { Feature, FeatureCollection } from "geojson";
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
  borders: FeatureCollection;
}

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

/** Load land and borders of a scale. */
export async function load(scale: number): Promise<Base> {
  const answer = await fetch(SCALES[scale]?.url ?? coarseUrl);
  const topology = (await answer.json()) as Topology<{ countries: GeometryCollection; land: GeometryCollection }>;
  const land = feature(topology, topology.objects.land) as unknown as Feature | FeatureCollection;
  const borders = mesh(topology, topology.objects.countries, (a, b) => a !== b);
  return {
    land: land.type === "FeatureCollection" ? land : { type: "FeatureCollection", features: [land] },
    borders: { type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry: borders }] },
  };
}

export function style(palette: Palette, borders: boolean, base: Base | null): StyleSpecification {
  const paint = PAINT[palette];
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: base?.land ?? EMPTY },
      borders: { type: "geojson", data: base?.borders ?? EMPTY },
    },
    layers: [
      { id: "water", type: "background", paint: { "background-color": paint.water } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": paint.land } },
      { id: "coast", type: "line", source: "land", paint: { "line-color": paint.coast, "line-width": 1 } },
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
