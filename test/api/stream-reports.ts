import type { FastifyInstance } from 'fastify';

/** The report of a started stream on the engine with port 19000. */
export const body = (change: object = {}): object => ({
  container_id: 'acexy',
  engine: { host: 'gluetun', port: 19_000 },
  stream: { key_type: 'infohash', key: 'abc' },
  session: {
    playback_session_id: 'p1',
    stat_url: 'http://e/ace/stat/p1',
    command_url: 'http://e/ace/cmd/p1',
    is_live: 1,
  },
  labels: { stream_id: 'abc|p1' },
  ...change,
});

/** Lets time pass until the request is answered. */
async function answered<T>(answer: Promise<T>): Promise<T> {
  const waiting = { answer: true };
  const finish = () => (waiting.answer = false);
  void answer.then(finish, finish);
  while (waiting.answer) await jest.advanceTimersByTimeAsync(20);
  return answer;
}

export function post(server: FastifyInstance, url: string, payload: object, headers: Record<string, string> = {}) {
  return answered(server.inject({ method: 'POST', url, payload, headers }).then((response) => response));
}
export const start = (server: FastifyInstance, payload = body()) => post(server, '/events/stream_started', payload);
export const end = (server: FastifyInstance, payload: object) => post(server, '/events/stream_ended', payload);
