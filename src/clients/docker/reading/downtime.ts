import type { Downtime } from '../../../domain/vpn/observation';
import { withoutSecrets } from '../../../secrets/without-secrets';
import type { ContainerDetails } from '../docker-host';

/** A shorter run does not count as a successful start. A VPN's container reports its health within this time. */
export const SHORT_RUN_MS = 60_000;
const ERROR_CHARACTERS_AT_MOST = 300;

/** Why a container does not run; null if it runs. */
export function downtime(details: ContainerDetails): Downtime | null {
  const state = stateOf(details);
  if (state === 'running') return null;
  const { ExitCode, OOMKilled, Error: error } = details.State;
  const hasRun = state === 'exited' || state === 'restarting' || state === 'dead';
  return {
    state,
    // If Docker could not start the process, the exit code is Docker's own.
    exitCode: hasRun && error === '' ? ExitCode : null,
    outOfMemory: OOMKilled,
    error: error === '' ? null : shown(error, details),
  };
}

function stateOf(details: ContainerDetails): Downtime['state'] | 'running' {
  const { State } = details;
  // Docker also calls a container running while it is paused, and between two of its runs.
  if (State.Restarting) return isRestartedAgain(details) ? 'restarting' : 'exited';
  if (State.Paused) return 'paused';
  if (State.Running) return 'running';
  const { Status } = State;
  return Status === 'created' || Status === 'removing' || Status === 'dead' ? Status : 'exited';
}

/** Neither after the first end since somebody started the container, nor after a long run. */
function isRestartedAgain({ State, RestartCount }: ContainerDetails): boolean {
  const ranForMs = Date.parse(State.FinishedAt) - Date.parse(State.StartedAt);
  return RestartCount >= 2 && ranForMs < SHORT_RUN_MS;
}

/** A shorter value would be found in any text by chance. */
const SHORTEST_SECRET = 4;
const SECRET_NAME = /KEY|PASS|TOKEN|SECRET|AUTH|USER/i;

/** Docker's errors quote commands and files, which may hold values of the environment. */
function shown(error: string, { Config }: ContainerDetails): string {
  const secrets = (Config.Env ?? []).flatMap((line) => {
    const [name = '', ...rest] = line.split('=');
    const value = rest.join('=');
    return SECRET_NAME.test(name) && value.length >= SHORTEST_SECRET ? [value] : [];
  });
  return withoutSecrets(error.replaceAll(/\s+/g, ' ').trim(), secrets).slice(0, ERROR_CHARACTERS_AT_MOST);
}
