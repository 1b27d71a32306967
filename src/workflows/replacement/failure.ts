import { ApplicationFailure } from '@temporalio/workflow';
import type { ContainerId } from '../../domain/engine';
import { PERMANENT_ERROR, REFUSED_BY_DOCKER } from '../../domain/replacement';
import { PORTS_TAKEN, type PortsTaken } from '../../domain/vpn/taken-ports';
import { failureMessage, rootCause } from '../shared/failure-message';
import { readPortsTaken } from './message-schemas';

/** What keeps any engine from being brought up says nothing of this one. */
const NOT_OF_THE_ENGINE = ['DockerUnreachable', 'VpnNotHealthy', 'EngineRemoved'];

/** Why an activity has failed. */
export interface Failure {
  readonly message: string;
  /** No retry mends it: another one soon is of no use. */
  readonly permanent: boolean;
  /** The engine is at fault. */
  readonly ofEngine: boolean;
  /** The container with which Docker does not do what it was told; null: it failed otherwise. */
  readonly refusedFor: ContainerId | null;
  /** Something else has ports of the engine. */
  readonly portsTaken: PortsTaken | null;
}

const NOTHING_SAID = { permanent: false, ofEngine: false, refusedFor: null, portsTaken: null };

/** The cause beneath Temporal's wrapping. */
export function failureOf(error: unknown): Failure {
  const cause = rootCause(error);
  const message = failureMessage(error).slice(0, 600);
  // A worker that died in the middle of it shows as a time-out.
  if (!(cause instanceof ApplicationFailure)) return { message, ...NOTHING_SAID };
  const { type, details } = cause;
  return {
    message,
    permanent: type === PERMANENT_ERROR,
    ofEngine: !NOT_OF_THE_ENGINE.includes(type ?? ''),
    refusedFor: type === REFUSED_BY_DOCKER ? String(details?.[0]) : null,
    portsTaken: type === PORTS_TAKEN ? readPortsTaken(details?.[0]) : null,
  };
}
