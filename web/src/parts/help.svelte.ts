/** The keys, and the page that says them. */

class Help {
  open = $state(false);

  show(): void {
    this.open = true;
  }
}

export const help = new Help();

export const KEYS: [string, string][] = [
  ["J, ↓ / K, ↑", "next, last alarm of the list"],
  ["A", "acknowledge the chosen alarm"],
  ["Z", "shelve it, or take it back"],
  ["N", "write a note to it"],
  ["Enter", "open its page"],
  ["Space", "play, or stop"],
  [", / .", "10 s back, on (with Shift: 1 min)"],
  ["[ / ]", "slower, faster"],
  ["E / Shift E", "next, last event of the timeline"],
  ["L", "back to now"],
  ["F", "filters"],
  ["M", "measure"],
  ["T / V / C", "trails, vectors, labels"],
  ["B", "borders"],
  ["D / U / S", "palette, units, sound"],
  ["Esc", "close, choose nothing"],
  ["?", "this page"],
];
