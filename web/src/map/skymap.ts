/** The map: MapLibre below, deck.gl above. Loaded only where there is WebGL. */

import { MapboxOverlay } from "@deck.gl/mapbox";
import { AttributionControl, Map as BaseMap, NavigationControl, ScaleControl, setWorkerUrl, type GeoJSONSource } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import type { Area } from "../lib/view.svelte";
import { load, scaleOf, style, type Base } from "./base";
import type { Palette } from "./colours";
import { layers, type Scene } from "./layers";

setWorkerUrl(workerUrl);
const FINER_MS = 1500;

export interface Told {
  moved: (center: [number, number], zoom: number, bounds: Area) => void;
  track: (id: string | null) => void;
  alarm: (id: string) => void;
  pressed: (at: [number, number]) => void;
}

export class SkyMap {
  readonly #map: BaseMap;
  readonly #overlay: MapboxOverlay;
  #base: Base | null = null;
  #scale = 0;
  #painted: string;

  constructor(container: HTMLElement, palette: Palette, borders: boolean, told: Told) {
    const map = new BaseMap({
      container,
      style: style(palette, borders, null),
      attributionControl: false,
      canvasContextAttributes: { preserveDrawingBuffer: true, antialias: false },
      fadeDuration: 0,
      maxPitch: 0,
      dragRotate: false,
      pitchWithRotate: false,
      renderWorldCopies: true,
      locale: { "Map.Title": "Map of the sky" },
    });
    this.#map = map;
    this.#painted = `${palette} ${borders}`;
    map.touchZoomRotate.disableRotation();
    map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new ScaleControl({ unit: "nautical" }), "bottom-left");
    map.addControl(new AttributionControl({ compact: true, customAttribution: "Natural Earth; borders not authoritative" }), "bottom-right");
    this.#overlay = new MapboxOverlay({
      interleaved: false,
      layers: [],
      pickingRadius: 8,
      onClick: ({ layer, object, coordinate }) => {
        const picked = object as { id: string } | undefined;
        if (layer?.id === "pairs" && picked) told.alarm(picked.id);
        else if (layer?.id === "tracks" && picked) told.track(picked.id);
        else if (coordinate) told.pressed([coordinate[0] as number, coordinate[1] as number]);
      },
      getCursor: ({ isHovering }) => (isHovering ? "pointer" : "grab"),
    });
    map.addControl(this.#overlay);
    const moved = (): void => {
      const { lng, lat } = map.getCenter();
      const b = map.getBounds();
      told.moved([lng, lat], map.getZoom(), [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()]);
      clearTimeout(finer);
      // The sky first: a finer coast comes when there is time for it.
      finer = window.setTimeout(() => void this.#load(scaleOf(map.getZoom())), FINER_MS);
    };
    let finer = 0;
    map.on("moveend", moved);
    map.once("load", moved);
    void this.#load(0);
  }

  async #load(scale: number): Promise<void> {
    if (this.#base && scale <= this.#scale) return;
    const base = await load(scale).catch(() => null);
    if (!base || (this.#base && scale <= this.#scale)) return;
    this.#scale = scale;
    this.#base = base;
    const put = (): void => {
      for (const name of ["land", "coast", "borders"] as const) (this.#map.getSource(name) as GeoJSONSource | undefined)?.setData(base[name]);
    };
    if (this.#map.getSource("land")) put();
    else this.#map.once("load", put);
  }

  paint(palette: Palette, borders: boolean): void {
    const wanted = `${palette} ${borders}`;
    if (wanted === this.#painted) return;
    this.#painted = wanted;
    this.#map.setStyle(style(palette, borders, this.#base), { diff: false });
  }

  draw(scene: Omit<Scene, "project" | "size">): void {
    const { clientWidth, clientHeight } = this.#map.getContainer();
    const project = (longitude: number, latitude: number): [number, number] => {
      const { x, y } = this.#map.project([longitude, latitude]);
      return [x, y];
    };
    this.#overlay.setProps({ layers: layers({ ...scene, project, size: [clientWidth, clientHeight] }) });
  }

  jump(center: [number, number], zoom: number): void {
    this.#map.jumpTo({ center, zoom });
  }

  fit([west, south, east, north]: Area): void {
    const right = east < west ? east + 360 : east;
    this.#map.fitBounds([[west, south], [right, north]], { padding: 60, duration: 0, maxZoom: 10 });
  }

  /** Bring a place into sight, if it is not. */
  show(longitude: number, latitude: number, zoom?: number): void {
    if (zoom !== undefined || !this.#map.getBounds().contains([longitude, latitude]))
      this.#map.jumpTo({ center: [longitude, latitude], zoom: Math.max(this.#map.getZoom(), zoom ?? 0) });
  }

  resize(): void {
    this.#map.resize();
  }

  /** The map as it stands, as a picture. */
  async picture(): Promise<Blob | null> {
    const below = this.#map.getCanvas();
    const above = this.#map.getContainer().querySelector<HTMLCanvasElement>("canvas#deckgl-overlay") ?? this.#deckCanvas();
    const whole = document.createElement("canvas");
    whole.width = below.width;
    whole.height = below.height;
    const pen = whole.getContext("2d");
    if (!pen) return null;
    await new Promise((done) => {
      this.#map.once("render", done);
      this.#map.triggerRepaint();
    });
    pen.drawImage(below, 0, 0);
    if (above) pen.drawImage(above, 0, 0, whole.width, whole.height);
    return new Promise((done) => whole.toBlob(done, "image/png"));
  }

  #deckCanvas(): HTMLCanvasElement | null {
    return this.#overlay.getCanvas();
  }

  remove(): void {
    this.#overlay.finalize();
    this.#map.remove();
  }
}
