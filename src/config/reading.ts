import { cleanEnv } from 'envalid';
import { messageOf } from '../lib/errors';
import { variables, type Variables } from './variables';

export type Env = Readonly<Record<string, string | undefined>>;

/** The values from the environment, and the mistakes found so far. */
export interface Reading {
  readonly values: Variables;
  /** The variables that are set. */
  readonly given: Env;
  /** Later checks add to it. */
  readonly mistakes: string[];
  /**
   * Whether all these variables are valid. An invalid one already has its message, and comparing it with others would
   * only add noise.
   */
  readonly comparable: (...names: (keyof Variables)[]) => boolean;
}

export function readEnvironment(env: Env): Reading {
  const mistakes: string[] = [];
  // `NAME=` in an .env file means that the variable is not set.
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const wrong = new Set<string>();
  cleanEnv(given, variables, {
    reporter: ({ errors }) => {
      for (const [name, error] of Object.entries(errors)) {
        mistakes.push(`${name}: ${messageOf(error)}`);
        wrong.add(name);
      }
    },
  });
  // Invalid values are replaced by defaults, so that the other mistakes are found as well.
  const right = Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.has(name)));
  const comparable = (...names: (keyof Variables)[]) => names.every((name) => !wrong.has(name));
  return { values: cleanEnv(right, variables), given, mistakes, comparable };
}
