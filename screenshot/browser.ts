import { chromium, type Browser } from 'playwright-core';

/** Its own sandbox can't be had by root, as in a container; it is shown pages of this machine only. */
export function launchChromium(executablePath: string): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({ executablePath, args: isRoot ? ['--no-sandbox'] : [] });
}
