import { createServer, type RequestListener, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Dockerode from 'dockerode';
import { dockerError, DockerUnreachable, statusCode, whyUnreachable } from '../../../src/clients/docker/docker-error';
import { DockerHost } from '../../../src/clients/docker/docker-host';

const folder = mkdtempSync(join(tmpdir(), 'portward-docker-'));
const servers: Server[] = [];
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true, force: true });
});

async function dockerThat(answers: RequestListener): Promise<Dockerode> {
  const socketPath = join(folder, `${servers.length}.sock`);
  const server = createServer(answers);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return new Dockerode({ socketPath });
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

test.each([
  ['without a socket', () => new Dockerode({ socketPath: join(folder, 'none') }), /ENOENT/],
  ['behind a closed port', () => new Dockerode({ host: '127.0.0.1', port: 1 }), /ECONNREFUSED/],
])('Docker %s is unreachable, and the error says what to check', async (_how, client, cause) => {
  const host = new DockerHost(client());
  for (const call of [
    () => host.inspect('x'),
    () => host.list(['a=b']),
    () => host.hasImage('x'),
    () => host.start('x'),
    () => host.stop('x', 1),
    () => host.remove('x'),
    () => host.forbidRestart('x'),
    () => host.pull('x', new AbortController().signal, () => undefined),
    () => host.events(['die'], new AbortController().signal),
  ]) {
    const error = await failureOf(call());
    expect(error).toBeInstanceOf(DockerUnreachable);
    expect(String(error)).toMatch(/Docker is not reachable: .*see that Docker Engine is installed and runs/);
    expect(String(error)).toMatch(cause);
  }
});

test('a Docker that breaks the connection is unreachable', async () => {
  const docker = await dockerThat((request) => request.socket.destroy());
  expect(await failureOf(new DockerHost(docker).inspect('x'))).toBeInstanceOf(DockerUnreachable);
});

test('a Docker that breaks the connection during an answer is unreachable, and the rest is not waited for', async () => {
  const docker = await dockerThat((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('[{"Id":', () => request.socket.destroy());
  });
  const host = new DockerHost(docker, 200);
  for (const call of [
    () => host.inspect('x'),
    () => host.list(['a=b']),
    () => host.hasImage('x'),
    () => host.start('x'),
    () => host.stop('x', 0),
    () => host.remove('x'),
    () => host.forbidRestart('x'),
  ])
    expect(await failureOf(call())).toBeInstanceOf(DockerUnreachable);
});

test('a Docker that gives no answer in time is unreachable', async () => {
  const docker = await dockerThat(() => undefined);
  const error = await failureOf(docker.getContainer('x').inspect({ abortSignal: AbortSignal.timeout(50) }));
  expect(dockerError(error)).toBeInstanceOf(DockerUnreachable);
  expect(dockerError(error).message).toContain('no answer in time');
});

test('a cancelled call does not make Docker unreachable', async () => {
  const docker = await dockerThat(() => undefined);
  const controller = new AbortController();
  const events = new DockerHost(docker).events(['die'], controller.signal);
  controller.abort();
  const error = await failureOf(events);
  expect(error).not.toBeInstanceOf(DockerUnreachable);
  expect(error).toMatchObject({ name: 'AbortError' });
});

async function causeOf(client: Dockerode, withinMs = 20_000): Promise<string> {
  return whyUnreachable(await failureOf(new DockerHost(client, withinMs).inspect('x'))).cause;
}

test('each reason why Docker is unreachable has a word of its own', async () => {
  expect([
    await causeOf(new Dockerode({ socketPath: join(folder, 'none') })),
    await causeOf(new Dockerode({ host: '127.0.0.1', port: 1 })),
    await causeOf(await dockerThat((request) => request.socket.destroy())),
    await causeOf(await dockerThat(() => undefined), 50),
    await causeOf(await dockerThat((_request, response) => response.writeHead(403).end('{"message":"forbidden"}'))),
  ]).toEqual(['ENOENT', 'ECONNREFUSED', 'broken', 'timeout', 'HTTP 403']);
  const denied = Object.assign(new Error('connect EACCES /var/run/docker.sock'), { code: 'EACCES' });
  expect(whyUnreachable(dockerError(denied)).cause).toBe('EACCES');
});

test("a refusal is Docker's own error, with its message", async () => {
  const docker = await dockerThat((_request, response) => {
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"disk is full"}');
  });
  const error = await failureOf(new DockerHost(docker).start('x'));
  expect(error).not.toBeInstanceOf(DockerUnreachable);
  expect(statusCode(error)).toBe(500);
  expect(String(error)).toContain('disk is full');
});
