import { mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Log } from '../log';
import { runCommand } from '../../lib/run-command';

interface BuildOptions {
  readonly version: string;
  readonly go: string;
  /** The path for the binary, in an existing folder. The binary appears there complete or not at all. */
  readonly target: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

/**
 * Builds the CLI with Go. This only needs Go's module proxy, so it works where Temporal's download server can't be
 * reached.
 */
export async function buildTemporalCli({ version, go, target, env, log }: BuildOptions): Promise<void> {
  const began = performance.now();
  log.info(`Building Temporal's CLI ${version} with Go (about 3 minutes, once)`);
  // Beside the target, since a rename is atomic only within one file system.
  const folder = await mkdtemp(join(dirname(target), 'build-'));
  try {
    await runCommand(
      go,
      [
        'install',
        // Without symbol tables: the build is faster, and the binary a third smaller.
        '-ldflags',
        `-s -w -X github.com/temporalio/cli/temporalcli.Version=${version}`,
        `github.com/temporalio/cli/cmd/temporal@v${version}`,
      ],
      {
        // The CLI's SQLite is pure Go, so no C compiler is needed.
        env: { ...env, GOBIN: folder, CGO_ENABLED: '0' },
        onStillRunning: (seconds) => log.info(`… still building Temporal's CLI (${seconds} s)`),
      },
    );
    await rename(join(folder, basename(target)), target);
    log.info(`Temporal's CLI built in ${Math.round((performance.now() - began) / 1000)} s`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
