import { isDeepStrictEqual } from 'node:util';
import { readEnvironment } from '../../src/config/reading';
import { variables } from '../../src/config/variables';

// Writes variables into .env.example and docs/reference/configuration.md: a row that a document lacks comes after the row before it, and
// defaults and the comments in .env.example become those of the rows.

const WIDTH = 120;

interface Row {
  readonly name: string;
  readonly what: string;
  /** The default, as one writes it in .env; empty if there is none. */
  readonly standard: string;
}

const rows: readonly Row[] = Object.entries(variables).map(([name, { desc, ...spec }]) => {
  if (desc === undefined) throw new Error(`${name}: expected a description (desc), found none`);
  return { name, what: desc, standard: written(name, 'default' in spec ? spec.default : undefined) };
});

/** The row after which a document gets that one. */
function before(index: number): string {
  const row = rows[index - 1];
  if (!row) throw new Error(`${rows[index]?.name}: expected it in the documents, since no row is before it`);
  return row.name;
}

/** A default in the form of the variable: seconds and ranges are converted when they are read. */
function written(name: string, value: unknown): string {
  if (value === undefined || value === '' || isDeepStrictEqual(value, [])) return '';
  const range = value as { readonly first?: number; readonly last?: number };
  const inSeconds = typeof value === 'number' ? [String(value / 1000)] : [];
  const forms = [`${range.first}-${range.last}`, ...inSeconds, `${value as string | number | boolean}`];
  const form = forms.find((text) => {
    const { values, mistakes } = readEnvironment({ [name]: text });
    return mistakes.length === 0 && isDeepStrictEqual({ ...values }[name], value);
  });
  if (form === undefined)
    throw new Error(`${name}: expected a default that can be written, found ${JSON.stringify(value)}`);
  return form;
}

export function envExampleWith(text: string): string {
  const lines = text.split('\n');
  const at = (name: string) => lines.findIndex((line) => line.startsWith(`${name}=`) || line.startsWith(`#${name}=`));
  for (const [i, { name, what, standard }] of rows.entries()) {
    const found = at(name);
    const entry = [...comment(what), `#${name}=${standard}`];
    if (found < 0) {
      // Behind the entries for single VPNs, which refer to the one before them.
      const ofRow = new RegExp(`^#?${before(i)}(_\\d+)?=`);
      lines.splice(lines.findLastIndex((line) => ofRow.test(line)) + 1, 0, ...entry);
    } else {
      let first = found;
      while (lines[first - 1]?.startsWith('# ') === true && lines[first - 1]?.startsWith('# ---') !== true) first--;
      // A line without # has an example, not the default.
      if (lines[found]?.startsWith('#') !== true) entry.splice(-1, 1, lines[found] ?? '');
      lines.splice(first, found - first + 1, ...entry);
    }
  }
  return lines.join('\n');
}

function comment(what: string): string[] {
  const lines: string[] = [];
  for (const word of what.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines;
}

/** Prettier then aligns the tables. */
export function configurationWith(markdown: string): string {
  const lines = markdown.split('\n');
  const at = (wanted: string) =>
    lines.findIndex((line) => line.startsWith('| ') && (line.split('|')[1] ?? '').trim().split(', ').includes(wanted));
  for (const [i, { name, what, standard }] of rows.entries()) {
    const found = at(name);
    const cell = standard === '' ? '–' : /^\d+$/.test(standard) ? standard : `\`${standard}\``;
    if (found < 0) lines.splice(at(before(i)) + 1, 0, `| ${name} | ${cell} | ${what} |`);
    else lines[found] = (lines[found] ?? '').replace(/^(\| [^|]+ \| )[^|]+?( *\|)/, `$1${cell}$2`);
  }
  return lines.join('\n');
}
