import { ApplicationFailure } from '@temporalio/workflow';
import type { ContainerId } from '../../domain/engine';
import { PERMANENT_ERROR, REFUSED_BY_DOCKER } from '../../domain/replacement';
import { PORTS_TAKEN, type PortsTaken } from '../../domain/vpn/taken-ports';
import { failureMessage, rootCause } from '../shared/failure-message';
import { readPortsTaken } from './message-schemas';

/** Failures that would keep any engine from being brought up, and say nothing of this one. */
const NOT_OF_THE_ENGINE = ['DockerUnreachable', 'VpnNotHealthy', 'EngineRemoved'];

/** Why an activity has failed. */
export interface Failure {
  readonly message: string;
  /** No retry mends it: the next one comes after a long pause. */
  readonly permanent: boolean;
  /** The engine itself has failed. */
  readonly ofEngine: boolean;
  /** The container for which Docker refuses what was asked; null: it is another failure. */
  readonly refusedFor: ContainerId | null;
  /** Ports of the engine are taken; null: it is another failure. */
  readonly portsTaken: PortsTaken | null;
}

const NOTHING_SAID = { permanent: false, ofEngine: false, refusedFor: null, portsTaken: null };

/** Reads the failure that Temporal has wrapped. */
export function failureOf(error: unknown): Failure {
  const cause = rootCause(error);
  const message = failureMessage(error).slice(0, 600);
  // When a worker dies during an activity, that is a time-out.
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
