export interface Title {
  readonly title: string;
  /** The indentation of its line; titles inside of it have more. */
  readonly indent: number;
}

/** The titles in a test file, of `test`, `describe` and their `each`. Skipped tests are left out. */
export function titlesIn(source: string): Title[] {
  const titles: Title[] = [];
  for (const match of source.matchAll(
    /(?:\b(?:test|describe)(?:\.concurrent)?|\))\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g,
  )) {
    const line = source.slice(source.lastIndexOf('\n', match.index) + 1);
    titles.push({ title: (match[2] ?? '').replaceAll(/\\(.)/g, '$1'), indent: line.search(/\S/) });
  }
  return titles;
}

/** The first title that is missing, if each has to be inside of the one before; null: all are there. */
export function firstMissing(titles: readonly string[], there: readonly Title[]): string | null {
  const [first, ...rest] = titles;
  if (first === undefined) return null;
  const found = there.flatMap(({ title, indent }, at) => {
    if (title !== first) return [];
    const inside = there.slice(at + 1);
    const end = inside.findIndex((other) => other.indent <= indent);
    return [firstMissing(rest, end < 0 ? inside : inside.slice(0, end))];
  });
  if (found.includes(null)) return null;
  return found[0] ?? first;
}
