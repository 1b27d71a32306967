import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TemporalFleetSource } from '../../src/api/fleet-source';

/** As much of Temporal's client as one signal needs. */
function clientStandIn(answer: () => Promise<void>) {
  const asked: unknown[] = [];
  const client = {
    connection: { withDeadline: (_at: number, work: () => Promise<unknown>) => work() },
    workflow: {
      getHandle: (id: string) => ({
        signal: ({ name }: { name: string }, ...args: unknown[]) => {
          asked.push({ id, name, args });
          return answer();
        },
      }),
    },
  };
  return { asked, client: client as unknown as Client };
}

test('the number of engines is a signal to the fleet of this instance', async () => {
  const { asked, client } = clientStandIn(async () => undefined);
  await new TemporalFleetSource(client, 'home').scale(5);
  expect(asked).toEqual([{ id: 'fleet/home', name: 'scale', args: [5] }]);
});

test('a fleet that is not there is an error, not a promise', async () => {
  const { client } = clientStandIn(() =>
    Promise.reject(new WorkflowNotFoundError('not found', 'fleet/home', undefined)),
  );
  await expect(new TemporalFleetSource(client, 'home').scale(5)).rejects.toThrow('not found');
});
