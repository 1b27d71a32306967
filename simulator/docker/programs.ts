// Finds the program of a command. Only the two programs of the simulator's image are known.
import type { Surroundings } from '../inside/surroundings';
import { runEngine } from '../engine/program';
import { scriptPath } from '../image';
import { runVpn } from '../vpn/program';

/** Starts a program. @param failed gets an error that the program does not handle itself */
export type Program = (around: Surroundings, failed: (error: unknown) => void) => { readonly isHealthy: () => boolean };

const PROGRAMS: Readonly<Record<string, Program>> = {
  [scriptPath('vpn/main.js')]: (around, failed) => {
    try {
      return runVpn(around);
    } catch (error) {
      failed(error);
      return { isHealthy: () => false };
    }
  },
  [scriptPath('engine/main.js')]: (around, failed) => {
    runEngine(around).catch(failed);
    return { isHealthy: () => true };
  },
};

/** Null for a command that is not simulated. */
export function programOf(command: readonly string[]): { program: Program; args: readonly string[] } | null {
  const at = command.findIndex((word) => Object.hasOwn(PROGRAMS, word));
  const program = PROGRAMS[command[at] ?? ''];
  return program === undefined ? null : { program, args: command.slice(at + 1) };
}
