import { cleanEnv } from 'envalid';
import { messageOf } from '../lib/errors';
import { variables, type Variables } from './variables';

export type Env = Readonly<Record<string, string | undefined>>;

/** What the environment says, and what is wrong with it so far. */
export interface Reading {
  readonly read: Variables;
  /** Those that are set. */
  readonly given: Env;
  /** Further ones are added. */
  readonly mistakes: string[];
  /** What is wrong by itself has its message; comparing it with others would only add noise. */
  readonly comparable: (...names: (keyof Variables)[]) => boolean;
}

export function readEnvironment(env: Env): Reading {
  const mistakes: string[] = [];
  // `NAME=` in an .env file means that it is not set.
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
  // Defaults stand in for what is wrong, so that what is wrong with the rest is said too.
  const right = Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.has(name)));
  const comparable = (...names: (keyof Variables)[]) => names.every((name) => !wrong.has(name));
  return { read: cleanEnv(right, variables), given, mistakes, comparable };
}
