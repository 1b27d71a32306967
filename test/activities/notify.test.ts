import pino from 'pino';
import { Notifications, type EventBatch } from '../../src/activities/notify';
import { Webhook } from '../../src/clients/webhook';
import { Receiver } from '../clients/webhook/receiver';

// What happens to a batch that the receiver does not accept, and what is logged.

const never = new AbortController().signal;
const batch = (vpn: string): EventBatch => ({ instance: 'test', vpn, incarnation: 'ab', events: [], missed: 0 });

let receiver: Receiver;
let said: string[];
let notifications: Notifications;
beforeEach(async () => {
  receiver = await Receiver.start();
  said = [];
  const log = pino({}, { write: (line) => void said.push((JSON.parse(line) as { msg: string }).msg) });
  notifications = new Notifications(new Webhook({ url: `${receiver.url}/token-7`, secret: null }), log);
});
afterEach(() => receiver.stop());

async function failures(...vpns: string[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const vpn of vpns) await notifications.send(batch(vpn), never).catch((error: unknown) => found.push(error));
  return found;
}

test('a receiver that answers 400 gets each batch once, and that is logged at once, and only once', async () => {
  receiver.statuses.push(400, 400, 400);
  for (const failure of await failures('gluetun', 'gluetun2', 'gluetun'))
    expect(failure).toMatchObject({ nonRetryable: true, type: 'Refused', message: 'the receiver answers 400' });
  expect(said).toEqual([
    "Events can't be sent to NOTIFY_URL: the receiver answers 400; they are dropped until this is fixed: check NOTIFY_URL",
  ]);
});

test('a failing receiver is logged at the first attempt, once for each reason, and once when it works again', async () => {
  receiver.statuses.push(500, 503, 500, 503);
  const found = await failures('gluetun', 'gluetun', 'gluetun2', 'gluetun2');
  expect(found.map((failure) => failure)).toEqual(
    [500, 503, 500, 503].map((status) =>
      expect.objectContaining({ nonRetryable: false, type: 'NotDelivered', message: `the receiver answers ${status}` }),
    ),
  );
  expect(await failures('gluetun', 'gluetun2')).toEqual([]);
  receiver.statuses.push(500);
  await failures('gluetun');
  expect(said).toEqual([
    "Events can't be sent to NOTIFY_URL: the receiver answers 500; they are retried for an hour",
    "Events can't be sent to NOTIFY_URL: the receiver answers 503; they are retried for an hour",
    'Events reach NOTIFY_URL again',
    "Events can't be sent to NOTIFY_URL: the receiver answers 500; they are retried for an hour",
  ]);
  expect(said.join()).not.toContain('token-7');
});

test('a receiver gets the pause that it asks for', async () => {
  receiver.statuses.push(429);
  receiver.answerHeaders['retry-after'] = '42';
  expect(await failures('gluetun')).toEqual([expect.objectContaining({ nextRetryDelay: 42_000, nonRetryable: false })]);
});

test('a worker without NOTIFY_URL logs that once', async () => {
  const log = pino({}, { write: (line) => void said.push((JSON.parse(line) as { msg: string }).msg) });
  notifications = new Notifications(null, log);
  for (const failure of await failures('gluetun', 'gluetun'))
    expect(failure).toMatchObject({ nonRetryable: true, type: 'Refused' });
  expect(said).toEqual([expect.stringMatching(/it is not set in this worker/)]);
});

test('a worker that stops during a delivery logs nothing about the receiver', async () => {
  const stopped = AbortSignal.abort();
  await expect(notifications.send(batch('gluetun'), stopped)).rejects.toThrow('gave no answer');
  expect(said).toEqual([]);
});
