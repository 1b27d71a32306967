import { retriesWithinDeadline } from '../../src/temporal/retries';

type Options = Parameters<typeof retriesWithinDeadline>[0];
type NextCall = Parameters<typeof retriesWithinDeadline>[1];
type Call = ReturnType<NextCall>;
type Metadata = Parameters<Call['start']>[0];

const UNAVAILABLE = 14;
const INVALID_ARGUMENT = 3;
const metadata = {} as Metadata;

const ignore = () => undefined;

/** An attempt that the server answers with this status at once. */
function attempt(code: number): Call {
  return {
    start: (_metadata, listener) => {
      listener?.onReceiveMessage?.(null);
      listener?.onReceiveStatus?.({ code, details: 'refused', metadata });
    },
    cancelWithStatus: ignore,
    getPeer: () => '',
    sendMessageWithContext: ignore,
    sendMessage: ignore,
    startRead: ignore,
    halfClose: ignore,
    getAuthContext: () => null,
  };
}

function onClosed(): never {
  throw new Error('Channel has been shut down');
}

interface Made {
  attempts: number;
  /** When the call ended, and with what. */
  ended: { readonly at: number; readonly code: number } | null;
}

/** A call whose attempts are answered as given. */
function call(deadline: number | undefined, answer: (attempts: number) => Call, path = '/a-service/ACall'): Made {
  const made: Made = { attempts: 0, ended: null };
  const options = { ...(deadline === undefined ? {} : { deadline }), method_definition: { path } } as Options;
  const begun = retriesWithinDeadline(options, () => answer(++made.attempts));
  begun.start(metadata, {
    onReceiveMetadata: () => undefined,
    onReceiveMessage: () => undefined,
    onReceiveStatus: ({ code }) => (made.ended = { at: Date.now(), code }),
  });
  begun.sendMessage({});
  begun.halfClose();
  return made;
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test.each([500, 2_000, 10_000])(
  'a call with a deadline of %i ms fails by then, however long the next pause would be',
  async (ms) => {
    const deadline = Date.now() + ms;
    const made = call(deadline, () => attempt(UNAVAILABLE));
    await jest.advanceTimersByTimeAsync(ms);
    expect(made.ended?.code).toBe(UNAVAILABLE);
    expect(made.ended?.at).toBeLessThanOrEqual(deadline);
    expect(made.attempts).toBeGreaterThan(1);
  },
);

test('temporary errors are retried, and permanent ones are not', async () => {
  const passing = call(undefined, (attempts) => attempt(attempts < 4 ? UNAVAILABLE : 0));
  const lasting = call(undefined, () => attempt(INVALID_ARGUMENT));
  await jest.advanceTimersByTimeAsync(10_000);
  expect([passing.attempts, passing.ended?.code]).toEqual([4, 0]);
  expect([lasting.attempts, lasting.ended?.code]).toEqual([1, INVALID_ARGUMENT]);
});

test('long polls of a history are not retried', async () => {
  const made = call(undefined, () => attempt(UNAVAILABLE), '/a-service/GetWorkflowExecutionHistory');
  await jest.advanceTimersByTimeAsync(10_000);
  expect([made.attempts, made.ended?.code]).toEqual([1, UNAVAILABLE]);
});

test('if the connection is closed before the next attempt, the call fails, and no timer throws', async () => {
  const made = call(Date.now() + 10_000, (attempts) => {
    return attempts > 1 ? onClosed() : attempt(UNAVAILABLE);
  });
  await jest.advanceTimersByTimeAsync(10_000);
  expect([made.attempts, made.ended?.code]).toEqual([2, UNAVAILABLE]);
});

test('a call on a closed connection throws at its caller', () => {
  expect(() => call(undefined, onClosed)).toThrow('shut down');
});
