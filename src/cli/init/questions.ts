import { createInterface } from 'node:readline/promises';
import type { Terminal } from '../terminal';

/** Asks the user. An empty answer means the default. */
export interface Questions {
  readonly ask: (question: string, otherwise: string) => Promise<string>;
  readonly close: () => void;
}

export function atTerminal(terminal: Terminal, input: NodeJS.ReadableStream = process.stdin): Questions {
  const lines = createInterface({ input, output: terminal.err });
  const left = new AbortController();
  const leave = () => left.abort(new Error('Nothing is written, since no answer came.'));
  // Ctrl-C; and Ctrl-D, or the end of the input.
  lines.once('SIGINT', leave).once('close', leave);
  return {
    ask: async (question, otherwise) => {
      const shown = `${question}${otherwise === '' ? '' : ` [${otherwise}]`}: `;
      const answer = await lines.question(shown, { signal: left.signal }).catch((error: unknown) => {
        throw left.signal.aborted ? left.signal.reason : error;
      });
      return answer.trim() === '' ? otherwise : answer.trim();
    },
    close: () => lines.close(),
  };
}

/** Asks nobody, and uses each default. */
export const nobody: Questions = {
  ask: async (_question, otherwise) => otherwise,
  close: () => undefined,
};
