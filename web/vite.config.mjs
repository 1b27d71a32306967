// Configuration of the build (scripts/build-page.mjs) and of `npx vite web`, which serves the sources, with the API of a running
// Portward.
import { fileURLToPath } from 'node:url';

const portward = process.env.PORTWARD_URL ?? 'http://127.0.0.1:8000';
const api = ['/page', '/streams', '/vpns', '/containers', '/scale', '/gc', '/health', '/temporal'];

export default {
  root: fileURLToPath(new URL('.', import.meta.url)),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    emptyOutDir: true,
    reportCompressedSize: false,
  },
  server: { proxy: Object.fromEntries(api.map((path) => [path, portward])) },
};
