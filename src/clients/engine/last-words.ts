import type { Port } from '../../domain/engine';
import { withoutSecrets } from '../../secrets/without-secrets';

// Makes an engine's last output fit to be shown. The output can hold anything: values of the engine's environment, or
// keys from elsewhere.

/** In characters. The line goes into histories, logs and the page. */
const LONGEST = 160;

/**
 * Shorter values and words are not hidden: they are no secrets worth guessing, and would be found in any text by
 * chance.
 */
const SHORTEST_VALUE = 4;
const SHORTEST_WORD = 8;

/** Variables of every image, whose values are often needed to understand an error. */
const PUBLIC = ['PATH', 'HOME', 'LANG', 'TZ'];

/** The values to hide for an engine with this environment (`NAME=value`), except its own ports. */
function valuesOf(env: readonly string[], ports: readonly Port[]): string[] {
  const values = env.flatMap((line) => {
    const [name = '', ...rest] = line.split('=');
    if (PUBLIC.includes(name)) return [];
    const value = rest.join('=');
    const lines = value.split(/\\n|[\r\n]+/).map((part) => part.trim());
    const words = value.split(/[\s=,;:&"'\\]+/).filter((word) => word.length >= SHORTEST_WORD);
    return [value, ...lines, ...words];
  });
  const isPort = (value: string) => ports.some((port) => String(port) === value);
  return [...new Set(values)].filter((value) => value.length >= SHORTEST_VALUE && !isPort(value));
}

/** Patterns of keys, tokens and the like, wherever they come from. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@]+@/gi, '$1***@'],
  [/\b(bearer|basic)\s+\S+/gi, '$1 ***'],
  [
    /((?:pass(?:word|wd|phrase)?|secret|token|key|auth(?:orization)?|credentials?)["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|\S+)/gi,
    '$1***',
  ],
  // A long word with letters and digits that is not a path.
  [/(?<![\w+=-])(?=[\w+=-]*\d)(?=[\w+=-]*[a-z])[\w+=-]{20,}/gi, '***'],
];

/** A line without secrets. @param env the engine's whole environment, as Docker reports it */
export function shownLine(line: string, env: readonly string[], ports: readonly Port[]): string {
  const without = withoutSecrets(line, valuesOf(env, ports));
  const shown = FORMS.reduce((text, [form, instead]) => text.replaceAll(form, instead), without);
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST - 1)}…` : shown;
}

const IN_USE =
  /EADDRINUSE|address (?:is )?already in use|only one usage of each socket address|\berrno 98\b|port\b.{0,40}\b(?:in use|taken|occupied)/i;

/** The engine's ports that it says are taken: all of them if it names none, and none if it does not say so at all. */
export function portsSaidTaken(lines: readonly string[], ports: readonly Port[]): Port[] {
  const said = lines.filter((line) => IN_USE.test(line));
  if (said.length === 0) return [];
  const named = ports.filter((port) => said.some((line) => new RegExp(`(?<!\\d)${port}(?!\\d)`).test(line)));
  return named.length > 0 ? named : [...ports];
}
