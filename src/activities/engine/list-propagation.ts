import { pauseUntil } from '../../lib/pause';

const ASK_AGAIN_MS = 100;

/**
 * Resolves with true `ms` after the VPN's workflow has answered with its present list. By then every process that
 * follows the workflow's history has this list, since it asked at the same moment, and proxies have dropped the list
 * before it. Resolves with false if no answer comes within `withinMs`.
 */
export async function listPropagated(
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
