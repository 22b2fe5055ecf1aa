/** A shape for each priority, besides its colour and its name: a triangle, a diamond, a dot. */

import type { Priority } from "../lib/api";

export const SHAPE: Record<Priority, string> = { high: "▲", medium: "◆", low: "●" };
export const PRIORITY: Record<Priority, string> = { high: "HIGH", medium: "MEDIUM", low: "LOW" };
