/** Who is logged in, and what they may do. */

import { ask, Problem, useCsrf } from "./api";

interface Told {
  user: string;
  role: string;
  party: string | null;
  may: string[];
  csrf: string | null;
}

class Session {
  user = $state<Told | null>(null);
  known = $state(false);
  lost = $state(false);

  may(what: string): boolean {
    return this.user?.may.includes(what) ?? false;
  }

  #take(told: Told): void {
    useCsrf(told.csrf ?? "");
    this.user = told;
    this.known = true;
    this.lost = false;
  }

  /** See whether there is one. */
  async look(): Promise<void> {
    try {
      this.#take(await ask<Told>("/session"));
    } catch (error) {
      this.lost = error instanceof Problem && error.status !== 401;
      this.user = null;
      this.known = true;
    }
  }

  async logIn(name: string, password: string): Promise<void> {
    this.#take(await ask<Told>("/session", { method: "POST", body: { name, password } }));
  }

  async setUp(secret: string, name: string, password: string): Promise<void> {
    this.#take(await ask<Told>("/setup", { method: "POST", body: { secret, name, password } }));
  }

  async logOut(): Promise<void> {
    await ask("/session", { method: "DELETE" }).catch(() => undefined);
    this.user = null;
  }
}

export const session = new Session();
