/** The alarms that want something of somebody: the list once, then every change in order, wherever it came from. */

import { ask, said, type Alarm, type LogEntry, type Priority } from "./api";
import { chime } from "./chime";
import { events } from "./events.svelte";
import { aside, grouped } from "./groups";
import { prefs } from "./prefs.svelte";

const ORDER: Record<Priority, number> = { high: 2, medium: 1, low: 0 };
/** Without a word for so long, the stream counts as lost: it says something every 10 s. */
const SILENT_MS = 25_000;

class Alarms {
  items = $state.raw<Alarm[]>([]);
  link = $state<"connecting" | "open" | "lost">("connecting");
  trouble = $state<string | null>(null);
  #byId = new Map<string, Alarm>();
  #sequence = 0;
  #stream: EventSource | null = null;
  #watch = 0;
  #heardAt = 0;

  async start(): Promise<void> {
    this.stop();
    try {
      const told = await ask<{ items: Alarm[]; sequence: number }>("/alarms");
      this.#byId = new Map(told.items.map((one) => [one.event_id, one]));
      this.#sequence = told.sequence;
      this.#show();
    } catch {
      this.link = "lost";
      this.#watch = window.setTimeout(() => void this.start(), 3000);
      return;
    }
    this.#follow();
    this.#watch = window.setInterval(() => {
      if (performance.now() - this.#heardAt > SILENT_MS) {
        this.link = "lost";
        this.#follow();
      }
    }, 2000);
  }

  stop(): void {
    clearInterval(this.#watch);
    this.#stream?.close();
    this.#stream = null;
  }

  #follow(): void {
    this.#stream?.close();
    this.#heardAt = performance.now();
    const stream = new EventSource(`/api/v1/alarms/stream?after=${this.#sequence}`);
    this.#stream = stream;
    const heard = (): void => {
      this.#heardAt = performance.now();
      this.link = "open";
    };
    stream.onopen = heard;
    stream.addEventListener("quiet", heard);
    stream.addEventListener("alarm", (message) => {
      heard();
      this.#take(JSON.parse(message.data as string) as LogEntry);
    });
    stream.onerror = () => {
      this.link = "lost";
      // A browser tries again by itself, unless it was refused.
      if (stream.readyState === EventSource.CLOSED) this.#heardAt = performance.now() - SILENT_MS + 3000;
    };
  }

  #take(entry: LogEntry): void {
    if (entry.sequence <= this.#sequence) return;
    this.#sequence = entry.sequence;
    const known = this.#byId.get(entry.alarm.event_id);
    const event = entry.event ?? known?.event;
    if (!event) return;
    const alarm: Alarm = { ...entry.alarm, event };
    if (entry.event) events.take(event, alarm.priority, alarm.withdrawn);
    if (alarm.active || !alarm.acknowledged) this.#byId.set(alarm.event_id, alarm);
    else this.#byId.delete(alarm.event_id);
    const asks = alarm.state === "unacknowledged" && known?.state !== "unacknowledged";
    if (asks && prefs.sound) chime(alarm.priority);
    this.#show();
  }

  #show(): void {
    this.items = [...this.#byId.values()].sort(
      (a, b) =>
        Number(aside(a)) - Number(aside(b)) ||
        ORDER[b.priority] - ORDER[a.priority] ||
        Number(a.acknowledged) - Number(b.acknowledged) ||
        Number(b.active) - Number(a.active) ||
        b.event.start.localeCompare(a.event.start),
    );
  }

  get(id: string | null): Alarm | undefined {
    return id === null ? undefined : this.items.find((one) => one.event_id === id);
  }

  /** Do something to an alarm; says what went wrong, if anything did. */
  async #act(id: string, what: string, body?: unknown): Promise<boolean> {
    this.trouble = null;
    try {
      const alarm = await ask<Alarm>(`/alarms/${encodeURIComponent(id)}/${what}`, { method: "POST", body });
      if (alarm.active || !alarm.acknowledged) this.#byId.set(id, alarm);
      else this.#byId.delete(id);
      this.#show();
      return true;
    } catch (error) {
      this.trouble = said(error);
      return false;
    }
  }

  /** Say that somebody has seen an alarm, and those before it of the same kind about the same flights. */
  async acknowledge(alarm: Alarm): Promise<void> {
    const same = grouped(this.items.filter((one) => !one.acknowledged && !aside(one)), false);
    const all = same.find((group) => group.alarms.some((one) => one.event_id === alarm.event_id))?.alarms ?? [alarm];
    for (const one of all) if (!(await this.#act(one.event_id, "acknowledge", { seen: one.sequence }))) return;
  }

  shelve(alarm: Alarm, minutes: number, reason: string): Promise<boolean> {
    return this.#act(alarm.event_id, "shelve", { minutes, reason });
  }

  unshelve(alarm: Alarm): Promise<boolean> {
    return this.#act(alarm.event_id, "unshelve");
  }

  note(alarm: Alarm, note: string): Promise<boolean> {
    return this.#act(alarm.event_id, "note", { note });
  }
}

export const alarms = new Alarms();
