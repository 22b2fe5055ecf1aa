/** Symbols of tracks, drawn once: an aircraft that points where it flies, a hollow one that is coasting, a dot without a course. */

const SIZE = 64;
export const ATLAS = ["aircraft", "coasting", "dot", "hollow"] as const;
export type Icon = (typeof ATLAS)[number];

export const MAPPING = Object.fromEntries(
  ATLAS.map((name, k) => [name, { x: k * SIZE, y: 0, width: SIZE, height: SIZE, mask: true }]),
);

export function atlas(): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = SIZE * ATLAS.length;
  canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  if (!pen) return canvas;
  pen.lineWidth = 5;
  pen.lineJoin = "round";
  pen.fillStyle = pen.strokeStyle = "white";
  ATLAS.forEach((name, k) => {
    pen.save();
    pen.translate(k * SIZE + SIZE / 2, SIZE / 2);
    pen.beginPath();
    if (name === "aircraft" || name === "coasting") {
      pen.moveTo(0, -24);
      pen.lineTo(18, 22);
      pen.lineTo(0, 12);
      pen.lineTo(-18, 22);
      pen.closePath();
    } else pen.arc(0, 0, 14, 0, 2 * Math.PI);
    if (name === "aircraft" || name === "dot") pen.fill();
    else {
      pen.setLineDash(name === "coasting" ? [7, 5] : []);
      pen.stroke();
    }
    pen.restore();
  });
  return canvas;
}
