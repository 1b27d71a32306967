/** Counts the calls that Docker gets, by method and kind of path, such as `GET /containers/…/json`. */
export class DockerCallCounts {
  private counts = new Map<string, number>();

  add(method: string, url: string): void {
    const kind = `${method} ${kindOf(url)}`;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  /** Sets all counts to 0. */
  reset(): void {
    this.counts = new Map();
  }

  get byKind(): ReadonlyMap<string, number> {
    return this.counts;
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }
}

function kindOf(url: string): string {
  const path = (url.split('?')[0] ?? '').replace(/^\/v[\d.]+/, '');
  return path
    .replace(/^\/(containers|images)\/(?!json$|create$).+\/(\w+)$/, '/$1/…/$2')
    .replace(/^\/(containers|images)\/(?!json$|create$|…)[^/]+$/, '/$1/…');
}
