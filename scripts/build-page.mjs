// Builds the page of web/ into dist, and compresses its files, so that the API can send them compressed without work.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const web = fileURLToPath(new URL('../web', import.meta.url));

/** The limit for all that the page loads, compressed with brotli. */
const BYTES_AT_MOST = 120 * 1024;

/** @param outDir the folder of the page, as an absolute path */
export async function buildPage(outDir) {
  // Imported only here, because loading Vite takes a moment.
  const { build } = await import('vite');
  await build({ configFile: join(web, 'vite.config.mjs'), logLevel: 'warn', build: { outDir } });
  const assets = join(outDir, 'assets');
  let bytes = 0;
  for (const name of readdirSync(assets)) {
    const content = readFileSync(join(assets, name));
    const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } });
    writeFileSync(join(assets, `${name}.br`), brotli);
    writeFileSync(join(assets, `${name}.gz`), gzipSync(content, { level: 9 }));
    bytes += brotli.length;
  }
  if (bytes > BYTES_AT_MOST)
    throw new Error(`expected the page to have at most ${BYTES_AT_MOST} bytes compressed, found ${bytes}`);
}
