import { createInterface } from 'node:readline/promises';
import type { Terminal } from '../terminal';

/** Asks a person; what they leave empty is the default. */
export interface Questions {
  readonly ask: (question: string, otherwise: string) => Promise<string>;
  readonly close: () => void;
}

export function atTerminal(terminal: Terminal): Questions {
  const lines = createInterface({ input: process.stdin, output: terminal.err });
  return {
    ask: async (question, otherwise) => {
      const answer = await lines.question(`${question}${otherwise === '' ? '' : ` [${otherwise}]`}: `);
      return answer.trim() === '' ? otherwise : answer.trim();
    },
    close: () => lines.close(),
  };
}

/** Nobody is asked: each default counts. */
export const nobody: Questions = {
  ask: async (_question, otherwise) => otherwise,
  close: () => undefined,
};
