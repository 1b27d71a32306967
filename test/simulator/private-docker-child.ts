// Starts a private Docker, prints its folder and bridge, and runs until it is killed.
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
