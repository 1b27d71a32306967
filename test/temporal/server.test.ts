import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { wedgeTemporal } from '../../simulator/wedge-temporal';
import { findEmbeddedServer } from '../../src/temporal/server';
import { kill, ServerBench, until } from './server-bench';

let bench: ServerBench;

beforeEach(async () => {
  bench = await ServerBench.create();
});

afterEach(async () => {
  await bench.clear();
});

describe('an embedded server', () => {
  test('serves the default namespace until it is stopped, and then leaves no process and no record', async () => {
    const server = await bench.start();
    expect(server.adopted).toBe(false);
    expect(await findEmbeddedServer(bench.dataDir)).toEqual({ address: server.address, uiUrl: server.uiUrl });
    await startWorkflow(server.address, 'vpn/default/gluetun');
    const ui = await fetch(server.uiUrl);
    expect(ui.status).toBe(200);

    await server.stop();
    expect(bench.servers()).toEqual([]);
    expect(existsSync(bench.path('temporal.lock.json'))).toBe(false);
    expect(existsSync(bench.path('temporal.starting.json'))).toBe(false);
    expect(await findEmbeddedServer(bench.dataDir)).toBeUndefined();
  });

  test('keeps its workflows over a restart and gets search attributes that an older database lacks', async () => {
    const first = await bench.start();
    await startWorkflow(first.address, 'vpn/default/gluetun');
    await first.stop();

    const second = await bench.start({ searchAttributes: { PortwardVpn: 'Keyword', PortwardPort: 'Int' } });
    expect(await statusOf(second.address, 'vpn/default/gluetun')).toBe('RUNNING');
    expect(await searchAttributesOf(second.address)).toEqual(['PortwardPort', 'PortwardVpn']);
    await second.stop();
  });

  test('refuses a search attribute that the database has with another type, and says which', async () => {
    await (await bench.start()).stop();
    await expect(bench.start({ searchAttributes: { PortwardVpn: 'Int' } })).rejects.toThrow(
      /PortwardVpn is of type Keyword on this server, Portward needs Int/,
    );
    expect(bench.servers()).toEqual([]);
  });

  test('that is killed while it starts is started again', async () => {
    const server = await bench.start({ cliPath: bench.cliThatFailsFirst('kill -KILL $$') });
    await startWorkflow(server.address, 'vpn/default/gluetun');
    expect(bench.messages.join('\n')).toMatch(/ended while it was starting[^]*Starting it again \(2 of 3\)/);
    await server.stop();
  });

  test('that never becomes ready is ended and started again', async () => {
    const cliPath = bench.cliThatFailsFirst('exec sleep 600');
    const server = await bench.start({ cliPath, readyWithinMs: 5_000 });
    await startWorkflow(server.address, 'vpn/default/gluetun');
    expect(bench.messages.join('\n')).toMatch(/did not become ready within 5 s[^]*Starting it again \(2 of 3\)/);
    expect(bench.servers()).toEqual([server.pid]);
    await server.stop();
  });

  test('outlives the Portward that started it, and the next one adopts it and stops it', async () => {
    const { child, pid } = await bench.startFromChild();
    child.kill('SIGKILL');
    await once(child, 'exit');

    const server = await bench.start();
    expect(server.adopted).toBe(true);
    expect(server.pid).toBe(pid);
    expect(bench.servers()).toEqual([pid]);
    await server.stop();
    expect(bench.servers()).toEqual([]);
  });

  test('of an earlier version, whose UI may be open to others, is replaced', async () => {
    const { child, pid } = await bench.startFromChild();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const record: unknown = JSON.parse(readFileSync(bench.path('temporal.lock.json'), 'utf8'));
    // As it was written then.
    const former = { ...(record as object), ip: '127.0.0.1', uiIp: '0.0.0.0', uiPath: undefined };
    writeFileSync(bench.path('temporal.lock.json'), JSON.stringify(former));

    const server = await bench.start();
    expect(server.adopted).toBe(false);
    expect(bench.servers()).toEqual([server.pid]);
    expect(server.pid).not.toBe(pid);
    await server.stop();
  });

  test('stays when the Portward that stops only shares it with the one that started it', async () => {
    const { child, pid } = await bench.startFromChild();
    const guest = await bench.start();
    await guest.stop();
    expect(bench.servers()).toEqual([pid]);
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  test('is found without its record, when Portward was killed before it wrote one', async () => {
    const { child, pid } = await bench.startFromChild();
    child.kill('SIGKILL');
    await once(child, 'exit');
    writeFileSync(bench.path('temporal.lock.json'), '{"pid":');

    const server = await bench.start();
    expect(server.pid).toBe(pid);
    expect(server.address).toBe(`127.0.0.1:${bench.port}`);
    await server.stop();
  });

  test('is one, however many Portwards start at the same moment', async () => {
    const starts = await Promise.all([bench.startFromChild(), bench.startFromChild(), bench.startFromChild()]);
    expect(new Set(starts.map(({ pid }) => pid)).size).toBe(1);
    expect(starts.filter(({ adopted }) => !adopted)).toHaveLength(1);
    expect(bench.servers()).toHaveLength(1);
  });

  test.each([
    ['a dead process', () => deadPid()],
    ['another program', () => Promise.resolve(process.pid)],
  ])('starts over a record that names %s', async (_what, pidOf) => {
    const pid = await pidOf();
    const stale = { pid, port: bench.port, uiPort: bench.uiPort, owner: { pid } };
    writeFileSync(bench.path('temporal.lock.json'), JSON.stringify(stale));
    writeFileSync(bench.path('temporal.starting.json'), JSON.stringify({ pid, started: 'long ago' }));

    const server = await bench.start();
    expect(server.adopted).toBe(false);
    expect(JSON.parse(readFileSync(bench.path('temporal.lock.json'), 'utf8'))).toMatchObject({ pid: server.pid });
    await server.stop();
  });

  test.each([
    ['port', 'PORTWARD_TEMPORAL_PORT'],
    ['uiPort', 'PORTWARD_TEMPORAL_UI_PORT'],
  ] as const)('names the %s that another program has, and the setting %s', async (which, setting) => {
    const other = createServer().listen(bench[which], '127.0.0.1');
    await once(other, 'listening');
    try {
      await expect(bench.start()).rejects.toMatchObject({
        name: 'PortTakenError',
        port: bench[which],
        message: expect.stringContaining(setting),
      });
    } finally {
      other.close();
    }
    expect(existsSync(bench.path('temporal.lock.json'))).toBe(false);
  });

  test('that ends while it starts is reported with the end of its log', async () => {
    mkdirSync(bench.path('temporal.db'));
    await expect(bench.start()).rejects.toThrow(/ended while it was starting[\s\S]*unable to open database file/);
    expect(existsSync(bench.path('temporal.lock.json'))).toBe(false);
  });

  test('whose database is no database begins a new one, keeps the other aside and says so', async () => {
    const garbage = 'This is no database, and long enough to be recognised as none.'.repeat(20);
    writeFileSync(bench.path('temporal.db'), garbage);
    const server = await bench.start();
    await startWorkflow(server.address, 'vpn/default/gluetun');
    expect(readFileSync(bench.path('temporal.db.damaged'), 'utf8')).toBe(garbage);
    expect(bench.messages.join('\n')).toMatch(/temporal\.db is damaged\. It is now \S+temporal\.db\.damaged/);
    await server.stop();
  });

  test('that dies while supervised comes back on the same port with the same workflows', async () => {
    const server = await bench.start();
    server.supervise();
    await startWorkflow(server.address, 'vpn/default/gluetun');
    const before = server.pid;
    kill(before);
    await until(() => server.pid !== before);

    expect(await statusOf(server.address, 'vpn/default/gluetun')).toBe('RUNNING');
    expect(bench.servers()).toEqual([server.pid]);
    expect(bench.messages.filter((message) => message.includes('has died'))).toHaveLength(1);
    await server.stop();
    expect(bench.servers()).toEqual([]);
  });

  test('that runs and can no longer read its database is started again, which is said once, and keeps its workflows', async () => {
    const server = await bench.start();
    await startWorkflow(server.address, 'vpn/default/gluetun');
    const before = server.pid;
    expect(await wedgeTemporal(server.address, 'vpn/default/gluetun', 90_000)).toBe(true);
    server.supervise();
    await until(() => server.pid !== before, 40_000);

    expect(await statusOf(server.address, 'vpn/default/gluetun')).toBe('RUNNING');
    expect(bench.servers()).toEqual([server.pid]);
    expect(bench.messages.filter((message) => message.includes('starting it again'))).toEqual([
      expect.stringMatching(/^The Temporal server \(pid \d+\) could not read its database for \d+ s \(.*interrupted/),
    ]);
    await server.stop();
  }, 180_000);
});

async function startWorkflow(address: string, workflowId: string): Promise<void> {
  await withClient(address, (client) => client.workflow.start('vpn', { workflowId, taskQueue: 'nobody-polls-this' }));
}

async function statusOf(address: string, workflowId: string): Promise<string> {
  const { status } = await withClient(address, (client) => client.workflow.getHandle(workflowId).describe());
  return status.name;
}

async function searchAttributesOf(address: string): Promise<string[]> {
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

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? Number.NaN;
}
