import type { Port } from '../../domain/engine';
import { withoutSecrets } from '../../secrets/without-secrets';

// What an engine's program has written before it ended. Nobody knows what that is: it may name what the engine was given
// in its environment, or keys that it has got from elsewhere.

/** For a history, a log and a page. */
const LONGEST = 160;

/** A shorter value or word is none that could be guessed from, and would stand in any text by chance. */
const SHORTEST_VALUE = 4;
const SHORTEST_WORD = 8;

/** Of these every image has some, and an error without them says little. */
const PUBLIC = ['PATH', 'HOME', 'LANG', 'TZ'];

/** What is hidden in the text of an engine with this environment (`NAME=value`); its own ports are not. */
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

/** Keys, tokens and the like by their form, wherever they come from. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@]+@/gi, '$1***@'],
  [/\b(bearer|basic)\s+\S+/gi, '$1 ***'],
  [
    /((?:pass(?:word|wd|phrase)?|secret|token|key|auth(?:orization)?|credentials?)["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|\S+)/gi,
    '$1***',
  ],
  // Long, with letters and digits in it, and no path.
  [/(?<![\w+=-])(?=[\w+=-]*\d)(?=[\w+=-]*[a-z])[\w+=-]{20,}/gi, '***'],
];

/** A line as it may be shown. @param env all that the engine was given, as Docker has it */
export function shownLine(line: string, env: readonly string[], ports: readonly Port[]): string {
  const without = withoutSecrets(line, valuesOf(env, ports));
  const shown = FORMS.reduce((text, [form, instead]) => text.replaceAll(form, instead), without);
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST - 1)}…` : shown;
}

const IN_USE =
  /EADDRINUSE|address (?:is )?already in use|only one usage of each socket address|\berrno 98\b|port\b.{0,40}\b(?:in use|taken|occupied)/i;

/** Which of its ports the engine says are taken; all of them where it does not say which, none where it says nothing of it. */
export function portsSaidTaken(lines: readonly string[], ports: readonly Port[]): Port[] {
  const said = lines.filter((line) => IN_USE.test(line));
  if (said.length === 0) return [];
  const named = ports.filter((port) => said.some((line) => new RegExp(`(?<!\\d)${port}(?!\\d)`).test(line)));
  return named.length > 0 ? named : [...ports];
}
