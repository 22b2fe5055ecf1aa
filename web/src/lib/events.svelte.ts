/** What was found, for the timeline and for moments of the past: the latest, kept up by the stream of alarms. */

import { ask, type EventRecord, type Priority } from "./api";

export type Found = EventRecord & { priority: Priority };

const MOST = 1000;

class Events {
  items = $state.raw<Found[]>([]);
  more = $state(false);
  #byId = new Map<string, Found>();

  async start(): Promise<void> {
    const told = await ask<{ items: Found[]; next: string | null }>(`/events?limit=${MOST}`);
    for (const one of told.items) if (!this.#byId.has(one.id)) this.#byId.set(one.id, one);
    this.more = told.next !== null;
    this.#show();
  }

  take(event: EventRecord, priority: Priority, withdrawn: boolean): void {
    if (withdrawn) this.#byId.delete(event.id);
    else this.#byId.set(event.id, { ...event, priority });
    this.#show();
  }

  #show(): void {
    this.items = [...this.#byId.values()].sort((a, b) => a.start.localeCompare(b.start));
  }
}

export const events = new Events();
