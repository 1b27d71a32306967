/** What the engine does on SIGTERM: it ends at once, never (until Docker kills it), or after some ms. */
export type StopBehaviour = { kind: 'prompt' } | { kind: 'ignore' } | { kind: 'slow'; ms: number };

export function parseStopBehaviour(text = 'prompt'): StopBehaviour {
  if (text === 'prompt' || text === 'ignore') return { kind: text };
  const ms = /^slow:(\d+)$/.exec(text)?.[1];
  if (ms === undefined) throw new Error(`STOP_BEHAVIOUR: expected prompt, ignore or slow:<ms>, found '${text}'`);
  return { kind: 'slow', ms: Number(ms) };
}
