// A Portward reduced to its embedded server: it starts the server, prints one line of JSON, and lives until it is
// killed.
const { startEmbeddedServer } = require('../../dist/src/embedded-temporal/server.js');

async function main() {
  const [cliPath, dataDir, port, uiPort] = process.argv.slice(2);
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

main().catch((error) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
