/** A Portward reduced to its embedded server: starts it, prints one line of JSON, lives until killed. */
import { startEmbeddedServer } from '../../src/temporal/server';

async function main(): Promise<void> {
  const [cliPath = '', dataDir = '', port, uiPort] = process.argv.slice(2);
  const server = await startEmbeddedServer({
    cliPath,
    dataDir,
    port: Number(port),
    uiPort: Number(uiPort),
    searchAttributes: {},
    log: { info: () => {}, warn: () => {} },
  });
  process.stdout.write(`${JSON.stringify({ pid: server.pid, adopted: server.adopted })}\n`);
  setInterval(() => {}, 60_000);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
