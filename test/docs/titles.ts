export interface Title {
  readonly title: string;
  /** Of the line that it begins in; what is in it has more. */
  readonly indent: number;
}

/** The titles that a test file gives: of `test` and `describe`, and of what follows a table of cases. Skipped ones are none. */
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

/** The first of the titles, each inside of the one before, that is not there; null when all are. */
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
