import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TemporalFleetSource } from '../../src/gateways/fleet-source';
import { turnTime } from './api-under-test';

beforeEach(turnTime);
afterEach(() => jest.useRealTimers());

/** As much of Temporal's client as one update needs. */
class FleetInTemporal {
  readonly asked: unknown[] = [];
  takeUp: () => Promise<void> = async () => undefined;
  answer: () => Promise<unknown> = async () => undefined;

  get client(): Client {
    const client = {
      connection: { withDeadline: (_at: number, work: () => Promise<unknown>) => work() },
      workflow: {
        getHandle: (id: string) => ({
          startUpdate: async ({ name }: { name: string }, { args }: { args: unknown[] }) => {
            this.asked.push({ id, name, args });
            await this.takeUp();
            return { result: () => this.answer() };
          },
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

test('the number of engines is an update of the fleet of this instance', async () => {
  const fleet = new FleetInTemporal();
  expect(await fleet.scaled(0)).toBe('answered');
  expect(fleet.asked).toEqual([{ id: 'fleet/home', name: 'scale', args: [5] }]);
});

test('it is answered when the VPNs have been told, so that whatever they are told next comes after it', async () => {
  const fleet = new FleetInTemporal();
  fleet.answer = () => new Promise((resolve) => setTimeout(resolve, 500));
  expect(await fleet.scaled(450)).toBe('waits');
  expect(await fleet.scaled(550)).toBe('answered');
});

test('a fleet that can not be asked any more does it later: it is taken up', async () => {
  const fleet = new FleetInTemporal();
  fleet.answer = () => Promise.reject(new Error('deadline exceeded'));
  expect(await fleet.scaled(0)).toBe('answered');
});

test('a fleet whose VPNs can not be told does it later, and is answered before a client gives up', async () => {
  const fleet = new FleetInTemporal();
  fleet.answer = () => new Promise<never>(() => {});
  expect(await fleet.scaled(2_500)).toBe('waits');
  expect(await fleet.scaled(2_800)).toBe('answered');
});

const notThere = () => Promise.reject(new WorkflowNotFoundError('not found', 'fleet/home', undefined));

test('a fleet that is begun anew is asked again, once it is there', async () => {
  const fleet = new FleetInTemporal();
  fleet.takeUp = () => (fleet.asked.length < 3 ? notThere() : Promise.resolve());
  expect(await fleet.scaled(1_000)).toBe('answered');
  expect(fleet.asked).toHaveLength(3);
});

test('a fleet that does not come is an error, not a promise, before a client gives up', async () => {
  const fleet = new FleetInTemporal();
  fleet.takeUp = notThere;
  expect(await fleet.scaled(2_500)).toContain('not found');
});

test('what a fleet does not take up for another reason is told at once', async () => {
  const fleet = new FleetInTemporal();
  fleet.takeUp = () => Promise.reject(new Error('permission denied'));
  expect(await fleet.scaled(0)).toContain('permission denied');
  expect(fleet.asked).toHaveLength(1);
});
