import type { makeGrpcRetryInterceptor } from '@temporalio/client';

type NextCall = Parameters<ReturnType<typeof makeGrpcRetryInterceptor>>[1];
type Options = Parameters<NextCall>[0];
export type Call = ReturnType<NextCall>;
type Listener = Parameters<Call['start']>[1];
type Metadata = Parameters<Call['start']>[0];
export type Status = Parameters<NonNullable<NonNullable<Listener>['onReceiveStatus']>>[0];

/** How long the server has for a call, even if the caller stops waiting earlier. */
const SERVER_HAS_MS = 15_000;
/** The longest delay of a Node.js timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** gRPC status codes. */
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;

/**
 * Makes a call that ends for its caller at the caller's deadline, or when the caller cancels it, while the server continues
 * the call. A deadline that expires at the embedded server, or a cancelled call, interrupts a read of its database. The
 * server's only database connection may then answer `interrupted (9)` to everything until the server is restarted.
 */
export function runningOn(options: Options, nextCall: NextCall): Call {
  const deadline = Number(options.deadline ?? Infinity);
  const left = deadline - Date.now();
  if (left <= 0) return endedCall({ code: DEADLINE_EXCEEDED, details: TIME_IS_UP });
  return new RunningCall(nextCall({ ...options, deadline: Math.max(deadline, Date.now() + SERVER_HAS_MS) }), left);
}

const TIME_IS_UP = 'no answer in time';

class RunningCall implements Call {
  private listener: Listener;
  private sent: Metadata | null = null;
  private answered = false;
  private ended = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly call: Call,
    leftMs: number,
  ) {
    if (leftMs <= LONGEST_TIMER_MS) this.timer = setTimeout(() => this.end(DEADLINE_EXCEEDED, TIME_IS_UP), leftMs);
  }

  start(metadata: Metadata, listener: Listener): void {
    this.listener = listener;
    this.sent = metadata;
    this.call.start(metadata, {
      onReceiveMetadata: (received) => {
        if (!this.ended) listener?.onReceiveMetadata?.(received);
      },
      onReceiveMessage: (message: unknown) => {
        if (this.ended) return;
        this.answered = true;
        listener?.onReceiveMessage?.(message);
      },
      onReceiveStatus: (status) => {
        if (this.ended) return;
        this.finish();
        listener?.onReceiveStatus?.(status);
      },
    });
  }

  cancelWithStatus(code: number, details: string): void {
    this.end(code, details);
    // A call without a deadline would otherwise stay open at the server for ever.
    setTimeout(() => this.call.cancelWithStatus(CANCELLED, details), SERVER_HAS_MS).unref();
  }

  getPeer(): string {
    return this.call.getPeer();
  }

  sendMessageWithContext(...message: Parameters<Call['sendMessageWithContext']>): void {
    this.call.sendMessageWithContext(...message);
  }

  sendMessage(message: unknown): void {
    this.call.sendMessage(message);
  }

  startRead(): void {
    this.call.startRead();
  }

  halfClose(): void {
    this.call.halfClose();
  }

  getAuthContext(): ReturnType<Call['getAuthContext']> {
    return this.call.getAuthContext();
  }

  private end(code: number, details: string): void {
    if (this.ended || this.sent === null) return;
    this.finish();
    endCall(this.listener, { code, details, metadata: emptyLike(this.sent) }, this.answered);
  }

  private finish(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }
}

const ignore = () => undefined;

/** A call that ends as soon as it starts. */
export function endedCall(status: Omit<Status, 'metadata'> & Partial<Pick<Status, 'metadata'>>): Call {
  return {
    start: (metadata, listener) =>
      endCall(listener, { ...status, metadata: status.metadata ?? emptyLike(metadata) }, false),
    cancelWithStatus: ignore,
    getPeer: () => 'unknown',
    sendMessageWithContext: ignore,
    sendMessage: ignore,
    startRead: ignore,
    halfClose: ignore,
    getAuthContext: () => null,
  };
}

/** Ends a call. The SDK's retries expect a message before each status, as gRPC's own calls send it. */
function endCall(listener: Listener, status: Status, answered: boolean): void {
  if (!answered) listener?.onReceiveMessage?.(null);
  listener?.onReceiveStatus?.(status);
}

/** Empty metadata for a status. Errors show the metadata of their status, and the metadata that was sent holds the API key. */
function emptyLike(sent: Metadata): Metadata {
  const empty = sent.clone();
  for (const name of Object.keys(empty.getMap())) empty.remove(name);
  return empty;
}
