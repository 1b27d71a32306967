/** Starts a private Docker, says where it is, and lives until killed. */
import { startPrivateDocker } from '../../simulator/private-docker';

async function main(): Promise<void> {
  const { folder, bridge } = await startPrivateDocker();
  process.stdout.write(`${JSON.stringify({ folder, bridge })}\n`);
  setInterval(() => {}, 60_000);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
