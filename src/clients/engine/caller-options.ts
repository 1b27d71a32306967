import { Type } from '@sinclair/typebox';
import { LABEL_BYTES_AT_MOST, labelBytes } from '../../domain/labels';
import { label } from '../../domain/names';
import { AnyName } from './any-name';

// Environment variables and labels that a caller may give an engine. Values of environment variables may be secret:
// no message repeats one.

const ENTRIES_OF_ENV = 100;
const BYTES_OF_ENV = 32 * 1024;
const LABELS = 20;
const NAME_LENGTH = 256;

/** Neither Docker nor a process accepts a NUL character. */
const WITHOUT_NUL = '^[^\\u0000]*$';
/** Excludes names that Docker would split at a `=`, and names that can't be read in a log. */
const ENV_NAME = new RegExp(`^[^=\\s\\p{Cc}]{1,${NAME_LENGTH}}$`, 'u');
const LABEL_NAME = new RegExp(`^[^\\s\\p{Cc}]{1,${NAME_LENGTH}}$`, 'u');

/** For the schemas of routes, which check what a schema can express. `callerOptionMistakes` checks everything. */
export const CallerEnvSchema = Type.Record(AnyName, Type.String({ pattern: WITHOUT_NUL }), {
  maxProperties: ENTRIES_OF_ENV,
});
export const CallerLabelsSchema = Type.Record(AnyName, Type.String({ pattern: WITHOUT_NUL }), {
  maxProperties: LABELS,
});

export interface CallerOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** Lists what is wrong with the options; empty if an engine may get them. @param containerLabel `name=value` */
export function callerOptionMistakes({ env, labels }: CallerOptions, containerLabel: string): string[] {
  return [
    ...entryMistakes('env', env, ENTRIES_OF_ENV),
    ...sizeMistakes('env', envBytes(env), BYTES_OF_ENV),
    ...Object.keys(env)
      .filter(isNoEnvName)
      .map((name) => envNameMistake('env', name)),
    ...entryMistakes('labels', labels, LABELS),
    ...sizeMistakes('labels', labelBytes(labels), LABEL_BYTES_AT_MOST),
    ...Object.keys(labels).flatMap((name) => {
      if (!LABEL_NAME.test(name)) {
        return `labels: expected names of up to ${NAME_LENGTH} characters without blanks, got ${shown(name)}`;
      }
      return isOurs(name, containerLabel) ? `labels: ${name} is Portward's own: it can't be given` : [];
    }),
  ];
}

/** The size of the JSON that is encrypted, in which some characters are escaped. */
function envBytes(env: CallerOptions['env']): number {
  return Buffer.byteLength(JSON.stringify(env));
}

function sizeMistakes(what: string, bytes: number, most: number): string[] {
  return bytes > most ? [`${what}: expected at most ${most} bytes in all, got ${bytes}`] : [];
}

function entryMistakes(what: string, given: Readonly<Record<string, string>>, most: number): string[] {
  const entries = Object.entries(given);
  const mistakes: string[] = [];
  if (entries.length > most) mistakes.push(`${what}: expected at most ${most} of them, got ${entries.length}`);
  for (const [name, value] of entries) {
    if (value.includes('\0')) mistakes.push(`${what}: the value of ${shown(name)} has a NUL in it`);
  }
  return mistakes;
}

export function isNoEnvName(name: string): boolean {
  return !ENV_NAME.test(name);
}

export function envNameMistake(where: string, name: string): string {
  return `${where}: expected names of up to ${NAME_LENGTH} characters without = and blanks, got ${shown(name)}`;
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 40));
}

/**
 * Labels by which Portward recognises its engines. With one of them from a caller an engine would look like another
 * one, or like a forwarded one.
 */
function isOurs(name: string, containerLabel: string): boolean {
  const [mark] = containerLabel.split('=');
  return /^(portward|acestream)\./.test(name) || name === label.hostHttpPort || name === mark;
}

/**
 * The caller's labels that an engine gets. They are checked again here, since labels in a history may be older than
 * the check.
 */
export function permittedLabels(
  labels: Readonly<Record<string, string>>,
  containerLabel: string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !isOurs(name, containerLabel)));
}
