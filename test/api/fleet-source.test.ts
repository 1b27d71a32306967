import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TemporalFleetSource } from '../../src/api/fleet-source';
import type { FleetState } from '../../src/domain/fleet';
import { fleetSettings, member } from '../fleet-builders';
import { turnTime } from './api-under-test';

beforeEach(turnTime);
afterEach(() => jest.useRealTimers());

/** As much of Temporal's client as one signal and the questions after it need. */
class FleetInTemporal {
  readonly asked: unknown[] = [];
  answerSignal: () => Promise<void> = async () => undefined;
  answerQuery: () => Promise<FleetState> = async () => fleetOf(2);

  get client(): Client {
    const client = {
      connection: { withDeadline: (_at: number, work: () => Promise<unknown>) => work() },
      workflow: {
        getHandle: (id: string) => ({
          signal: ({ name }: { name: string }, ...args: unknown[]) => {
            this.asked.push({ id, name, args });
            return this.answerSignal();
          },
          query: () => this.answerQuery(),
        }),
      },
    };
    return client as unknown as Client;
  }

  /** What has become of it after so long. */
  async scaled(ms: number): Promise<string> {
    let outcome = 'waits';
    new TemporalFleetSource(this.client, 'home').scale(5).then(
      () => (outcome = 'answered'),
      (error: unknown) => (outcome = String(error)),
    );
    await jest.advanceTimersByTimeAsync(ms);
    return outcome;
  }
}

/** Two VPNs, told to keep so many engines each. */
function fleetOf(each: number): FleetState {
  const members = ['a', 'b'].map((vpn) => member(vpn, { target: each }));
  return { settings: fleetSettings({ minReplicas: 4 }), demand: null, members, wanted: 4, told: {} };
}

test('the number of engines is a signal to the fleet of this instance', async () => {
  const fleet = new FleetInTemporal();
  expect(await fleet.scaled(0)).toBe('answered');
  expect(fleet.asked).toEqual([{ id: 'fleet/home', name: 'scale', args: [5] }]);
});

test('it is answered when the VPNs have been told, so that whatever they are told next comes after it', async () => {
  const fleet = new FleetInTemporal();
  fleet.answerQuery = async () => fleetOf(3);
  setTimeout(() => (fleet.answerQuery = async () => fleetOf(2)), 500);
  expect(await fleet.scaled(450)).toBe('waits');
  expect(await fleet.scaled(150)).toBe('answered');
});

test.each([
  ['that can not be asked', () => Promise.reject(new Error('deadline exceeded'))],
  ['whose VPNs can not be told', async () => fleetOf(3)],
])('a fleet %s does it later: it is written down, and answered before a client gives up', async (_what, answer) => {
  const fleet = new FleetInTemporal();
  fleet.answerQuery = answer;
  expect(await fleet.scaled(2_500)).toBe('waits');
  expect(await fleet.scaled(2_800)).toBe('answered');
});

test('a fleet that is not there is an error, not a promise', async () => {
  const fleet = new FleetInTemporal();
  fleet.answerSignal = () => Promise.reject(new WorkflowNotFoundError('not found', 'fleet/home', undefined));
  expect(await fleet.scaled(0)).toContain('not found');
});
