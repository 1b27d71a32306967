import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The documents in a folder and in folders below it. */
export function documentsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
    .toSorted();
}

/** The tables of a document, cell by cell. */
export function tablesIn(markdown: string): Table[] {
  const blocks = withoutCode(markdown).matchAll(/(?:^\|.*\|$\n?)+/gm);
  return [...blocks].map(([block]) => {
    const [header = [], , ...rows] = block.trim().split('\n').map(cells);
    return { header, rows };
  });
}

function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/** The anchors that GitHub gives the headings of a document. */
export function anchorsIn(markdown: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutCode(markdown).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

/** The targets of a document's links and pictures, except those on other hosts. */
export function localLinksIn(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/(?:\]\(|^\[[^\]]+\]: )([^()\s]+)/gm)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
}
