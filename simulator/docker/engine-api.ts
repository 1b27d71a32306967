// The part of Docker's HTTP API that Portward and the simulator use. Everything else is answered with 501 and 'not simulated', so that
// nobody takes it for an answer of a real Docker.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { DockerCallCounts } from '../docker-call-counts';
import { isRecord, readJson } from '../inside/json-exchange';
import { inspected, listed } from './container-answers';
import { containerConfig } from './container-config';
import type { Signal } from './container';
import type { Containers } from './containers';
import { Filters, type DockerEventFeed } from './event-feed';
import type { Images } from './images';
import { imageRoute } from './image-routes';
import { DockerRefusal } from './refusal';
import { messageOf } from '../../src/lib/errors';

export interface EngineParts {
  readonly containers: Containers;
  readonly images: Images;
  readonly feed: DockerEventFeed;
  readonly calls: DockerCallCounts;
}

export interface DockerRequest {
  readonly method: string;
  /** Without version and query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: () => Promise<unknown>;
  readonly answer: ServerResponse;
}

/** Docker's default. */
const STOP_WITHIN_S = 10;
const ABOUT = { Version: '20.10.24-simulated', ApiVersion: '1.41', MinAPIVersion: '1.12', Os: 'linux', Arch: 'amd64' };

export function engineApi(parts: EngineParts): RequestListener {
  return (incoming, answer) => {
    parts.calls.add(incoming.method ?? '', incoming.url ?? '');
    void handle(parts, incoming, answer).catch((error: unknown) => refuse(answer, error));
  };
}

async function handle(parts: EngineParts, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://docker');
  const request: DockerRequest = {
    method: incoming.method ?? '',
    path: decodeURIComponent(url.pathname).replace(/^\/v[\d.]+\//, '/'),
    query: url.searchParams,
    body: () => readJson(incoming),
    answer,
  };
  const { method, path, query } = request;
  const [, reference = '', action = ''] = /^\/containers\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
  if (path === '/_ping') answer.writeHead(200, { 'content-type': 'text/plain' }).end('OK');
  else if (path === '/version') json(answer, 200, ABOUT);
  else if (path === '/events')
    parts.feed.send(new Filters(query.get('filters'), ['type', 'event', 'label', 'container']), answer);
  else if (method === 'GET' && path === '/containers/json') list(parts, query, answer);
  else if (method === 'POST' && path === '/containers/create') await create(parts, request);
  else if (reference !== '') await ofContainer(parts, request, reference, action);
  else if (!(await imageRoute(parts, request))) throw new DockerRefusal(501, `not simulated: ${method} ${path}`);
}

function list({ containers }: EngineParts, query: URLSearchParams, answer: ServerResponse): void {
  const filters = new Filters(query.get('filters'), ['label', 'name']);
  const isAll = ['1', 'true'].includes(query.get('all') ?? '');
  const found = containers.all.filter(
    (c) => (isAll || c.isRunning) && filters.permitsLabels(c.labels) && filters.permitsName(c.name),
  );
  json(answer, 200, found.map(listed));
}

async function create({ containers, images }: EngineParts, { query, body, answer }: DockerRequest): Promise<void> {
  const given = await body();
  const image = images.find(isRecord(given) ? String(given.Image) : '');
  const name = query.get('name') ?? `nameless_${randomBytes(4).toString('hex')}`;
  const { id } = await containers.create(name, containerConfig(given, image), image);
  json(answer, 201, { Id: id, Warnings: [] });
}

async function ofContainer(
  { containers }: EngineParts,
  request: DockerRequest,
  reference: string,
  action: string,
): Promise<void> {
  const { method, query, answer } = request;
  const container = containers.find(reference);
  const withinS = Number(query.get('t') ?? STOP_WITHIN_S);
  switch (`${method} ${action}`.trim()) {
    case 'GET json':
      json(answer, 200, inspected(container));
      return;
    case 'GET logs':
      sendLogs(container.output, container.isRunning, query, answer);
      return;
    case 'POST start':
      await container.start();
      break;
    case 'POST stop':
      await container.stop(withinS);
      break;
    case 'POST restart':
      await container.restart(withinS);
      break;
    case 'POST kill':
      await container.kill(signalOf(query.get('signal') ?? 'SIGKILL'), reference);
      break;
    case 'POST update': {
      const given = await request.body();
      const policy = isRecord(given) && isRecord(given.RestartPolicy) ? given.RestartPolicy : {};
      container.update({ Name: String(policy.Name), MaximumRetryCount: Number(policy.MaximumRetryCount ?? 0) });
      json(answer, 200, { Warnings: null });
      return;
    }
    case 'DELETE':
      await container.remove(['1', 'true'].includes(query.get('force') ?? ''));
      break;
    default:
      throw new DockerRefusal(501, `not simulated: ${method} ${request.path}`);
  }
  answer.writeHead(204).end();
}

type LogsOf = ReturnType<Containers['find']>['output'];

function sendLogs(output: LogsOf, isRunning: boolean, query: URLSearchParams, answer: ServerResponse): void {
  const isOn = (name: string): boolean => ['1', 'true'].includes(query.get(name) ?? '');
  const tail = query.get('tail') ?? 'all';
  const wanted = {
    stdout: isOn('stdout'),
    stderr: isOn('stderr'),
    tail: tail === 'all' ? null : Number(tail),
    since: Number(query.get('since') ?? 0),
  };
  answer.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
  const before = output.frames(wanted);
  if (!isOn('follow') || !isRunning) {
    answer.end(before);
    return;
  }
  answer.flushHeaders();
  if (before.length > 0) answer.write(before);
  const end = output.follow(wanted, (frame) => {
    if (frame === null) answer.end();
    else answer.write(frame);
  });
  answer.on('close', end);
}

/** @throws DockerRefusal */
function signalOf(text: string): Signal {
  const name = { 2: 'INT', 9: 'KILL', 15: 'TERM' }[text] ?? text.replace(/^SIG/, '');
  if (name === 'KILL' || name === 'TERM' || name === 'INT') return `SIG${name}`;
  throw new DockerRefusal(501, `not simulated: signal ${text}`);
}

export function json(answer: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  answer.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

function refuse(answer: ServerResponse, error: unknown): void {
  if (answer.headersSent) {
    answer.destroy();
    return;
  }
  const status = error instanceof DockerRefusal ? error.status : 500;
  if (status === 304) answer.writeHead(304).end();
  else json(answer, status, { message: messageOf(error) });
}
