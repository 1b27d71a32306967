import type { Stream, StreamEvent } from '../src/domain/streams/stream';
import { DAY } from './builders';

export function stream(id: string, change: Partial<Stream> = {}): Stream {
  return {
    id,
    keyType: 'content_id',
    key: '0123456789abcdef0123456789abcdef01234567',
    containerId: 'id-19000',
    playbackSessionId: `session-of-${id}`,
    statUrl: `http://engine:19000/ace/stat/${id}`,
    commandUrl: `http://engine:19000/ace/cmd/${id}`,
    isLive: true,
    startedAt: DAY,
    endedAt: null,
    endReason: null,
    ...change,
  };
}

export function started(id: string, change: Partial<Stream> = {}): StreamEvent {
  return { kind: 'started', stream: stream(id, change) };
}

export function ended(id: string, at = DAY + 60_000, reason: string | null = null): StreamEvent {
  return { kind: 'ended', id, at, reason };
}
