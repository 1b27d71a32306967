import { Client, Connection } from '@temporalio/client';

export async function startWorkflow(address: string, workflowId: string): Promise<void> {
  await withClient(address, (client) => client.workflow.start('vpn', { workflowId, taskQueue: 'nobody-polls-this' }));
}

export async function statusOf(address: string, workflowId: string): Promise<string> {
  const { status } = await withClient(address, (client) => client.workflow.getHandle(workflowId).describe());
  return status.name;
}

export async function searchAttributesOf(address: string): Promise<string[]> {
  const { customAttributes } = await withClient(address, ({ connection }) => {
    if (!(connection instanceof Connection)) throw new Error('a client that is not native has a Connection');
    return connection.operatorService.listSearchAttributes({ namespace: 'default' });
  });
  return Object.keys(customAttributes)
    .filter((name) => name.startsWith('Portward'))
    .toSorted();
}

async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
