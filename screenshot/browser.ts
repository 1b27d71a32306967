import { chromium, type Browser } from 'playwright-core';

/** Chromium's sandbox does not work as root, for example in a container. It may be off because only pages of this machine are opened. */
export function launchChromium(executablePath: string): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({ executablePath, args: isRoot ? ['--no-sandbox'] : [] });
}
