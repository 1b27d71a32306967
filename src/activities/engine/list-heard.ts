import { pauseUntil } from '../../lib/pause';

const ASK_AGAIN_MS = 100;

/**
 * Resolves with true `ms` after a VPN's workflow has told its present list: whoever follows its history has asked for the list at
 * the same moment, and proxies have forgotten the one of before by then. With false when it tells none within `withinMs`.
 */
export async function listHeard(
  isAnswered: () => Promise<boolean>,
  { ms, withinMs }: { readonly ms: number; readonly withinMs: number },
  signal: AbortSignal,
): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (!(await isAnswered())) {
    if (signal.aborted || performance.now() >= end) return false;
    await pauseUntil(ASK_AGAIN_MS, signal);
  }
  await pauseUntil(ms, signal);
  return !signal.aborted;
}
