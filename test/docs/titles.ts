/** The titles that a test file gives: of `test` and `describe`, and of what follows a table of cases. Skipped ones are none. */
export function titlesIn(source: string): string[] {
  const titles = [];
  for (const [, , title = ''] of source.matchAll(
    /(?:\b(?:test|describe)(?:\.concurrent)?|\))\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g,
  )) {
    titles.push(title.replaceAll(/\\(.)/g, '$1'));
  }
  return titles;
}
