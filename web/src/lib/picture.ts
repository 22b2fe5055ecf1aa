/** The sky in binary columns, as `overflight.server.sky` writes it: a head of 24 bytes, then the columns, little-endian. */

export const MAGIC = 0x3146564f;
const HEAD = 24;
const ROW = 7 * 4 + 2 * 2;

export interface Picture {
  sequence: number;
  timeMs: number;
  count: number;
  number: Uint32Array;
  latitude: Int32Array;
  longitude: Int32Array;
  altitude: Float32Array;
  groundspeed: Float32Array;
  track: Float32Array;
  verticalRate: Float32Array;
  flags: Uint16Array;
  age: Uint16Array;
}

/** Read a picture; throws where the bytes are none. */
export function decode(bytes: ArrayBuffer): Picture {
  const view = new DataView(bytes);
  if (bytes.byteLength < HEAD || view.getUint32(0, true) !== MAGIC) throw new Error("no picture of the sky");
  const count = view.getUint32(4, true);
  if (bytes.byteLength !== HEAD + count * ROW) throw new Error("a picture of the sky that was cut short");
  let at = HEAD;
  const next = <T>(make: (at: number) => T, width: number): T => {
    const column = make(at);
    at += width * count;
    return column;
  };
  const floats = (): Float32Array => next((from) => new Float32Array(bytes, from, count), 4);
  return {
    sequence: Number(view.getBigUint64(8, true)),
    timeMs: Number(view.getBigInt64(16, true)) / 1000,
    count,
    number: next((from) => new Uint32Array(bytes, from, count), 4),
    latitude: next((from) => new Int32Array(bytes, from, count), 4),
    longitude: next((from) => new Int32Array(bytes, from, count), 4),
    altitude: floats(),
    groundspeed: floats(),
    track: floats(),
    verticalRate: floats(),
    flags: next((from) => new Uint16Array(bytes, from, count), 2),
    age: next((from) => new Uint16Array(bytes, from, count), 2),
  };
}
