interface Check {
  readonly what: string;
  readonly holds: boolean;
  /** What was found. */
  readonly found: string;
}

/** The conditions of a successful demo, and whether each holds. */
export class Checks {
  readonly all: Check[] = [];

  expect(what: string, holds: boolean, found = ''): void {
    this.all.push({ what, holds, found });
  }

  get failed(): readonly Check[] {
    return this.all.filter((check) => !check.holds);
  }
}

export function checkLine({ what, holds, found }: Check): string {
  return `  ${holds ? '✓' : '✗'} ${what}${found === '' ? '' : `: ${found}`}`;
}
