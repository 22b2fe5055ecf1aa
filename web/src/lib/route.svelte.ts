/** Which page is shown, by its path. The sky's own view is kept while others are looked at. */

class Route {
  path = $state(location.pathname);
  #sky = location.pathname === "/" ? location.search : "";

  constructor() {
    addEventListener("popstate", () => (this.path = location.pathname));
  }

  go(path: string): void {
    if (this.path === "/") this.#sky = location.search;
    const query = path === "/" ? this.#sky : "";
    history.pushState(null, "", path + query);
    this.path = path.split("?")[0] ?? "/";
    scrollTo(0, 0);
  }

  /** What follows a prefix in the path; null where it is another. */
  after(prefix: string): string | null {
    return this.path.startsWith(prefix) ? decodeURIComponent(this.path.slice(prefix.length)) : null;
  }
}

export const route = new Route();

/** Follow a link within the page, unless it shall open elsewhere. */
export function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = (event.target as Element | null)?.closest("a");
  if (!link || link.target || link.dataset.outside !== undefined || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.pathname.startsWith("/api/")) return;
  event.preventDefault();
  route.go(link.pathname);
}
