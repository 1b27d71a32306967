/** How one run of an engine's process ended. */
export interface EngineExit {
  readonly code: number;
  /** The kernel killed the process because the container or the host had no memory left. */
  readonly outOfMemory: boolean;
  /** Last line of its output, without secrets; null: there is no output, or it can't be read. */
  readonly lastLine: string | null;
}

// Exit codes that Docker and the shell give: the program can't be run, was not found, or was killed by SIGKILL.
const NOT_RUNNABLE = 126;
const NOT_FOUND = 127;
const KILLED = 137;

/** Whether the engine would end in the same way at each further start. */
export function isPermanentExit({ code }: Pick<EngineExit, 'code'>): boolean {
  return code === NOT_RUNNABLE || code === NOT_FOUND;
}

/** For example `its process ended with exit code 1; its last line of output: "no licence"`. */
export function exitInWords(exit: EngineExit): string {
  const { lastLine } = exit;
  return `${how(exit)}${lastLine === null ? '' : `; its last line of output: "${lastLine}"`}`;
}

function how({ code, outOfMemory }: EngineExit): string {
  if (outOfMemory) return `its process was killed for want of memory (exit code ${code})`;
  if (code === NOT_FOUND) return `its program was not found (exit code ${code})`;
  if (code === NOT_RUNNABLE) return `its program could not be run (exit code ${code})`;
  if (code === KILLED) return `its process was killed (exit code ${code})`;
  return `its process ended with exit code ${code}`;
}
