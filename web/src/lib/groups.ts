/** Which alarms stand together in the list. */

import type { Alarm } from "./api";

/** More than so many within ten minutes are a flood (ANSI/ISA-18.2-2016, 16.5). */
export const FLOOD = 10;

/** Whether somebody, or something, has put it aside. */
export function aside(alarm: Alarm): boolean {
  return ["shelved", "suppressed", "out_of_service"].includes(alarm.state);
}

export interface Group {
  key: string;
  alarms: Alarm[];
}

/** Alarms of one kind about the same flights belong together; in a flood all of one kind and priority do, but for the gravest. */
export function grouped(alarms: Alarm[], flood: boolean): Group[] {
  const groups = new Map<string, Group>();
  for (const alarm of alarms) {
    const { event } = alarm;
    const pair = `${event.kind} ${event.track_a} ${event.track_b} ${event.volume}`;
    const key = flood && alarm.priority !== "high" ? `${event.kind} ${alarm.priority}` : pair;
    const group = groups.get(key);
    if (group) group.alarms.push(alarm);
    else groups.set(key, { key, alarms: [alarm] });
  }
  return [...groups.values()];
}
