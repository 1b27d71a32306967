import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TemporalFleetSource } from '../../src/gateways/fleet-source';
import { turnTime } from './api-under-test';

beforeEach(turnTime);
afterEach(() => jest.useRealTimers());

/** The part of Temporal's client that one update needs. */
class FleetInTemporal {
  readonly asked: unknown[] = [];
  accept: () => Promise<void> = async () => undefined;
  answer: () => Promise<unknown> = async () => undefined;

  get client(): Client {
    const client = {
      connection: { withDeadline: (_at: number, work: () => Promise<unknown>) => work() },
      workflow: {
        getHandle: (id: string) => ({
          startUpdate: async ({ name }: { name: string }, { args }: { args: unknown[] }) => {
            this.asked.push({ id, name, args });
            await this.accept();
            return { result: () => this.answer() };
          },
        }),
      },
    };
    return client as unknown as Client;
  }

  /** The outcome of `scale` after that time. */
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

test('the number of engines is sent as an update to the fleet workflow of this instance', async () => {
  const fleet = new FleetInTemporal();
  expect(await fleet.scaled(0)).toBe('answered');
  expect(fleet.asked).toEqual([{ id: 'fleet/home', name: 'scale', args: [5] }]);
});

test('scale resolves when the VPNs have their targets, so that later messages to them come after', async () => {
  const fleet = new FleetInTemporal();
  fleet.answer = () => new Promise((resolve) => setTimeout(resolve, 500));
  expect(await fleet.scaled(450)).toBe('waits');
  expect(await fleet.scaled(550)).toBe('answered');
});

test('scale resolves if the update was accepted and its result fails', async () => {
  const fleet = new FleetInTemporal();
  fleet.answer = () => Promise.reject(new Error('deadline exceeded'));
  expect(await fleet.scaled(0)).toBe('answered');
});

test("scale resolves before a client gives up, even if the VPNs can't be reached yet", async () => {
  const fleet = new FleetInTemporal();
  fleet.answer = () => new Promise<never>(() => {});
  expect(await fleet.scaled(2_500)).toBe('waits');
  expect(await fleet.scaled(2_800)).toBe('answered');
});

const notFound = () => Promise.reject(new WorkflowNotFoundError('not found', 'fleet/home', undefined));

test('an update that meets no fleet workflow is sent again until a new one exists', async () => {
  const fleet = new FleetInTemporal();
  fleet.accept = () => (fleet.asked.length < 3 ? notFound() : Promise.resolve());
  expect(await fleet.scaled(1_000)).toBe('answered');
  expect(fleet.asked).toHaveLength(3);
});

test('scale fails before a client gives up, if no fleet workflow exists', async () => {
  const fleet = new FleetInTemporal();
  fleet.accept = notFound;
  expect(await fleet.scaled(2_500)).toContain('not found');
});

test('any other error of the update fails scale at once', async () => {
  const fleet = new FleetInTemporal();
  fleet.accept = () => Promise.reject(new Error('permission denied'));
  expect(await fleet.scaled(0)).toContain('permission denied');
  expect(fleet.asked).toHaveLength(1);
});
