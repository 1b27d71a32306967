import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { findEmbeddedServer } from '../../src/embedded-temporal/server';
import { searchAttributesOf, startWorkflow, statusOf } from './ask-server';
import { kill, ServerBench, until } from './server-bench';

/** Gives a test a folder and ports of its own. Most of them wait for a server to stop, and run at the same time. */
function onBench(body: (bench: ServerBench) => Promise<void>): () => Promise<void> {
  return async () => {
    const bench = await ServerBench.create();
    try {
      await body(bench);
    } finally {
      await bench.clear();
    }
  };
}

describe('an embedded server', () => {
  test.concurrent(
    'that runs but can no longer read its database is started again, which is logged once',
    onBench(async (bench) => {
      const unreadable = `exec ${process.execPath} ${join(__dirname, 'unreadable-server.cjs')} "$@"`;
      const server = await bench.start({ cliPath: bench.cliThatFirst(unreadable), searchAttributes: {} });
      const before = server.pid;
      server.supervise();
      await until(() => server.pid !== before, 40_000);

      await startWorkflow(server.address, 'vpn/default/gluetun');
      expect(bench.servers()).toEqual([server.pid]);
      expect(bench.messages.filter((message) => message.includes('starting it again'))).toEqual([
        expect.stringMatching(/^The Temporal server \(pid \d+\) could not read its database for \d+ s \(.*interrupted/),
      ]);
      await server.stop();
    }),
  );

  test.concurrent(
    'serves the default namespace until it is stopped, and then leaves no process and no record',
    onBench(async (bench) => {
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
    }),
  );

  test.concurrent(
    'keeps its workflows over a restart, gets missing search attributes, and fails on one of another type',
    onBench(async (bench) => {
      const first = await bench.start();
      await startWorkflow(first.address, 'vpn/default/gluetun');
      await first.stop();

      const second = await bench.start({ searchAttributes: { PortwardVpn: 'Keyword', PortwardPort: 'Int' } });
      expect(await statusOf(second.address, 'vpn/default/gluetun')).toBe('RUNNING');
      expect(await searchAttributesOf(second.address)).toEqual(['PortwardPort', 'PortwardVpn']);
      await second.stop();

      await expect(bench.start({ searchAttributes: { PortwardVpn: 'Int' } })).rejects.toThrow(
        /PortwardVpn is of type Keyword on this server, Portward needs Int/,
      );
      expect(bench.servers()).toEqual([]);
    }),
  );

  test.concurrent(
    'that is killed while it starts, or never becomes ready, is started again',
    onBench(async (bench) => {
      const cliPath = bench.cliThatFirst('kill -KILL $$', 'exec sleep 600');
      const server = await bench.start({ cliPath, readyWithinMs: 30_000 });
      await startWorkflow(server.address, 'vpn/default/gluetun');
      expect(bench.messages.join('\n')).toMatch(
        /ended while it was starting[^]*Starting it again \(2 of 3\)[^]*did not become ready within 30 s[^]*Starting it again \(3 of 3\)/,
      );
      expect(bench.servers()).toEqual([server.pid]);
    }),
  );

  test.concurrent(
    'of an earlier version, whose UI may be open to others, is replaced',
    onBench(async (bench) => {
      const { pid } = await bench.start();
      const record: unknown = JSON.parse(readFileSync(bench.path('temporal.lock.json'), 'utf8'));
      // A record of that version, of a Portward that is gone.
      const owner = { pid: await deadPid(), started: 'long ago' };
      const former = { ...(record as object), owner, ip: '127.0.0.1', uiIp: '0.0.0.0', uiPath: undefined };
      writeFileSync(bench.path('temporal.lock.json'), JSON.stringify(former));

      const server = await bench.start();
      expect(server.adopted).toBe(false);
      expect(bench.servers()).toEqual([server.pid]);
      expect(server.pid).not.toBe(pid);
    }),
  );

  test.concurrent(
    'that was left by its Portward and does not answer is replaced soon, however long a start may take',
    onBench(async (bench) => {
      const { pid } = await bench.start();
      const record = JSON.parse(readFileSync(bench.path('temporal.lock.json'), 'utf8')) as object;
      const owner = { pid: await deadPid(), started: 'long ago' };
      writeFileSync(bench.path('temporal.lock.json'), JSON.stringify({ ...record, owner }));
      process.kill(pid, 'SIGSTOP');

      const server = await bench.start({ readyWithinMs: 10 * 60_000 });
      expect(server.adopted).toBe(false);
      expect(bench.servers()).toEqual([server.pid]);
      expect(bench.messages.join('\n')).toMatch(/left by an earlier run \(pid \d+\) does not answer .*; replacing it/);
    }),
  );

  test.concurrent(
    'is started once, however many Portwards start at the same moment',
    onBench(async (bench) => {
      const starts = await Promise.all([bench.startFromChild(), bench.startFromChild(), bench.startFromChild()]);
      expect(new Set(starts.map(({ pid }) => pid)).size).toBe(1);
      expect(starts.filter(({ adopted }) => !adopted)).toHaveLength(1);
      expect(bench.servers()).toHaveLength(1);
    }),
  );

  test.concurrent.each([
    ['a dead process', () => deadPid()],
    ['another program', () => Promise.resolve(process.pid)],
  ])('starts despite a record that names %s', (_what, pidOf) =>
    onBench(async (bench) => {
      const pid = await pidOf();
      const stale = { pid, port: bench.port, uiPort: bench.uiPort, owner: { pid } };
      writeFileSync(bench.path('temporal.lock.json'), JSON.stringify(stale));
      writeFileSync(bench.path('temporal.starting.json'), JSON.stringify({ pid, started: 'long ago' }));

      const server = await bench.start();
      expect(server.adopted).toBe(false);
      expect(JSON.parse(readFileSync(bench.path('temporal.lock.json'), 'utf8'))).toMatchObject({ pid: server.pid });
    })(),
  );

  test.concurrent.each([
    ['port', 'PORTWARD_TEMPORAL_PORT'],
    ['uiPort', 'PORTWARD_TEMPORAL_UI_PORT'],
  ] as const)('reports that another program has the %s, with the setting %s', (which, setting) =>
    onBench(async (bench) => {
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
    })(),
  );

  test.concurrent(
    'that ends while it starts is reported with the end of its log',
    onBench(async (bench) => {
      mkdirSync(bench.path('temporal.db'));
      await expect(bench.start()).rejects.toThrow(/ended while it was starting[\s\S]*unable to open database file/);
      expect(existsSync(bench.path('temporal.lock.json'))).toBe(false);
    }),
  );

  test.concurrent(
    'whose database is damaged begins a new one, keeps the old file and logs that',
    onBench(async (bench) => {
      const garbage = 'This is no database, and long enough to be recognised as none.'.repeat(20);
      writeFileSync(bench.path('temporal.db'), garbage);
      const server = await bench.start();
      await startWorkflow(server.address, 'vpn/default/gluetun');
      expect(readFileSync(bench.path('temporal.db.damaged'), 'utf8')).toBe(garbage);
      expect(bench.messages.join('\n')).toMatch(/temporal\.db is damaged\. It is now \S+temporal\.db\.damaged/);
    }),
  );

  test.concurrent.each([
    ['empty', (file: string) => writeFileSync(file, '')],
    ['not there', (file: string) => rmSync(file, { force: true })],
  ])('whose database is %s after a kill begins a new one', (_how, lose) =>
    onBench(async (bench) => {
      const { pid } = await bench.start();
      kill(pid);
      await until(() => bench.servers().length === 0);
      for (const part of ['', '-wal', '-shm']) lose(bench.path(`temporal.db${part}`));
      const server = await bench.start();
      await startWorkflow(server.address, 'vpn/default/gluetun');
      expect(bench.servers()).toEqual([server.pid]);
    })(),
  );

  test.concurrent(
    'that dies is started again by its supervision, on the same port with the same workflows',
    onBench(async (bench) => {
      const server = await bench.start();
      server.supervise();
      await startWorkflow(server.address, 'vpn/default/gluetun');
      const before = server.pid;
      kill(before);
      await until(() => server.pid !== before, 60_000);

      expect(await statusOf(server.address, 'vpn/default/gluetun')).toBe('RUNNING');
      expect(bench.servers()).toEqual([server.pid]);
      expect(bench.messages.filter((message) => message.includes('has died'))).toHaveLength(1);
      await server.stop();
      expect(bench.servers()).toEqual([]);
    }),
  );
});

describe('an embedded server that another Portward has started', () => {
  let bench: ServerBench;
  let other: { child: ChildProcess; pid: number };
  beforeAll(async () => {
    bench = await ServerBench.create();
    other = await bench.startFromChild();
  });
  afterAll(() => bench.clear());

  test('keeps running when a Portward stops that only shares it', async () => {
    const guest = await bench.start();
    await guest.stop();
    expect(bench.servers()).toEqual([other.pid]);
  });

  test('outlives that Portward, and the next one adopts it', async () => {
    other.child.kill('SIGKILL');
    await once(other.child, 'exit');

    const server = await bench.start();
    expect(server.adopted).toBe(true);
    expect(server.pid).toBe(other.pid);
    expect(bench.servers()).toEqual([other.pid]);
  });

  test('is found and stopped even if Portward was killed before it wrote the record', async () => {
    writeFileSync(bench.path('temporal.lock.json'), '{"pid":');

    const server = await bench.start();
    expect(server.pid).toBe(other.pid);
    expect(server.address).toBe(`127.0.0.1:${bench.port}`);
    await server.stop();
    expect(bench.servers()).toEqual([]);
  });
});

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? Number.NaN;
}
