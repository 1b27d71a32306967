import type { Downtime } from '../../../domain/vpn/observation';
import type { ContainerDetails } from '../docker-host';

/** A run that is shorter has not been a start that worked. A VPN's container says within this whether it is healthy. */
export const SHORT_RUN_MS = 60_000;
const ERROR_CHARACTERS_AT_MOST = 300;

/** Why a container does not run; null while it does. */
export function downtime(details: ContainerDetails): Downtime | null {
  const state = stateOf(details);
  if (state === 'running') return null;
  const { ExitCode, OOMKilled, Error: error } = details.State;
  const hasRun = state === 'exited' || state === 'restarting' || state === 'dead';
  return {
    state,
    // Docker sets one of its own where it could not start the process.
    exitCode: hasRun && error === '' ? ExitCode : null,
    outOfMemory: OOMKilled,
    error: error === '' ? null : withoutSecrets(error, details),
  };
}

function stateOf(details: ContainerDetails): Downtime['state'] | 'running' {
  const { State } = details;
  // Docker calls a container running while it is paused, and between two runs of it.
  if (State.Restarting) return isRestartedAgain(details) ? 'restarting' : 'exited';
  if (State.Paused) return 'paused';
  if (State.Running) return 'running';
  const { Status } = State;
  return Status === 'created' || Status === 'removing' || Status === 'dead' ? Status : 'exited';
}

/** Not after its first end since somebody started it, nor after a run that was long. */
function isRestartedAgain({ State, RestartCount }: ContainerDetails): boolean {
  const ranForMs = Date.parse(State.FinishedAt) - Date.parse(State.StartedAt);
  return RestartCount >= 2 && ranForMs < SHORT_RUN_MS;
}

const SECRET_NAME = /KEY|PASS|TOKEN|SECRET|AUTH|USER/i;

/** Docker quotes the command and the files that it failed at, and these may hold what the environment does. */
function withoutSecrets(error: string, { Config }: ContainerDetails): string {
  let text = error.replaceAll(/\s+/g, ' ').trim();
  for (const line of Config.Env ?? []) {
    const [name = '', ...rest] = line.split('=');
    const value = rest.join('=');
    if (SECRET_NAME.test(name) && value.length >= 4) text = text.replaceAll(value, '***');
  }
  return text.slice(0, ERROR_CHARACTERS_AT_MOST);
}
