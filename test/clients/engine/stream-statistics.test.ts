import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { askStatistics, readStatistics, statisticsUrl } from '../../../src/clients/engine/stream-statistics';

let answer: (response: ServerResponse) => void;
const asked: { host: string | undefined; path: string | undefined }[] = [];
const server = createServer((request, response) => {
  asked.push({ host: request.headers.host, path: request.url });
  answer(response);
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});
beforeEach(() => (asked.length = 0));

const endpoint = () => ({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
const ask = (statUrl: string) => askStatistics(endpoint(), statUrl, new AbortController().signal);

const STATISTICS = {
  status: 'dl',
  peers: 12,
  speed_down: 1234.4,
  speed_up: 56,
  downloaded: 7_000_000_000,
  uploaded: 8,
  is_live: 1,
};
const json = (value: unknown) => (response: ServerResponse) => response.end(JSON.stringify(value));

test('the statistics of a playback are a sample, in whole numbers', async () => {
  answer = json({ response: STATISTICS, error: null });
  expect(await ask('http://127.0.0.1:1/ace/stat/abc?x=1')).toEqual({
    kind: 'sample',
    sample: {
      at: expect.any(Number),
      peers: 12,
      speedDown: 1234,
      speedUp: 56,
      downloaded: 7_000_000_000,
      uploaded: 8,
      status: 'dl',
    },
  });
});

test('a value that is missing or has another type is null', () => {
  expect(readStatistics('{"response":{"peers":"3","speed_down":1e999,"status":7},"error":null}', 5)).toEqual({
    kind: 'sample',
    sample: { at: 5, peers: null, speedDown: null, speedUp: null, downloaded: null, uploaded: null, status: null },
  });
});

test('a session that the engine does not know is reported as that', async () => {
  answer = json({ response: null, error: 'unknown playback session id' });
  expect(await ask('/ace/stat/abc')).toEqual({ kind: 'unknown session' });
});

test.each([
  ['another error', '{"response":null,"error":"busy"}'],
  ['nothing', ''],
  ['no JSON', '<html>unknown playback session id</html>'],
  ['a list', '[]'],
  ['a text', '"unknown playback session id"'],
])('%s says nothing about the stream', async (_what, body) => {
  answer = (response) => response.end(body);
  await expect(ask('/ace/stat/abc')).rejects.toThrow('the engine gives no statistics');
});

test('an endless answer is not read to its end', async () => {
  answer = (response) => {
    const more = () => {
      while (response.write(Buffer.alloc(64 * 1024, ' ')));
      response.once('drain', more);
    };
    more();
  };
  await expect(ask('/ace/stat/abc')).rejects.toThrow('the answer is over');
});

test('a question to a hanging engine ends when it is cancelled', async () => {
  answer = () => undefined;
  const controller = new AbortController();
  const pending = askStatistics(endpoint(), '/ace/stat/abc', controller.signal);
  controller.abort();
  await expect(pending).rejects.toMatchObject({ name: 'AbortError' });
});

test('a redirect is not followed', async () => {
  const elsewhere: string[] = [];
  const other = createServer((request, response) => {
    elsewhere.push(request.url ?? '');
    response.end(JSON.stringify({ response: STATISTICS, error: null }));
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  try {
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    answer = (response) => response.writeHead(302, { location }).end();
    await expect(ask('/ace/stat/abc')).rejects.toThrow('the engine gives no statistics');
    expect(elsewhere).toEqual([]);
  } finally {
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  }
});

test.each([
  ['http://169.254.169.254/latest/meta-data?a=b', '/latest/meta-data?a=b'],
  ['https://user:password@example.com:9/ace/stat/1#part', '/ace/stat/1'],
  ['http://engine:19000//169.254.169.254/latest', '//169.254.169.254/latest'],
  ['//169.254.169.254/latest', '/latest'],
  ['/ace/stat/1?key=%2F', '/ace/stat/1?key=%2F'],
  ['\\\\169.254.169.254\\latest', '/latest'],
])('only the path of stat_url is used, at the engine itself: %s', async (statUrl, path) => {
  answer = json({ response: STATISTICS, error: null });
  await ask(statUrl);
  expect(asked).toEqual([{ host: `127.0.0.1:${endpoint().port}`, path }]);
});

test('no stat_url leads to another host or port', () => {
  const parts = fc.constantFrom(
    'http:',
    'https:',
    'file:',
    'data:',
    '//',
    '/',
    '\\',
    '@',
    ':',
    '?',
    '#',
    '..',
    '10.0.0.1',
    'x',
  );
  const urls = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc.array(parts, { maxLength: 12 }).map((p) => p.join('')),
  );
  fc.assert(
    fc.property(urls, (statUrl) => {
      const target = statisticsUrl({ host: '10.9.8.7', port: 19_000 }, statUrl);
      expect(target === null || target.href.startsWith('http://10.9.8.7:19000/')).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
