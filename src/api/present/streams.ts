import type { Stream, StreamSample } from '../../domain/streams/stream';
import type { StreamJson, StreamSampleJson } from '../schemas/streams';

function time(instant: number): string {
  return new Date(instant).toISOString();
}

export function streamJson(stream: Stream, sample: StreamSample | null): StreamJson {
  const { endedAt } = stream;
  return {
    id: stream.id,
    key_type: stream.keyType,
    key: stream.key,
    container_id: stream.containerId,
    playback_session_id: stream.playbackSessionId,
    stat_url: stream.statUrl,
    command_url: stream.commandUrl,
    is_live: stream.isLive,
    started_at: time(stream.startedAt),
    ended_at: endedAt === null ? null : time(endedAt),
    status: endedAt === null ? 'started' : 'ended',
    peers: sample?.peers ?? null,
    speed_down: sample?.speedDown ?? null,
    speed_up: sample?.speedUp ?? null,
    downloaded: sample?.downloaded ?? null,
    uploaded: sample?.uploaded ?? null,
  };
}

export function sampleJson(sample: StreamSample): StreamSampleJson {
  const { at, peers, speedDown, speedUp, downloaded, uploaded, status } = sample;
  return { ts: time(at), peers, speed_down: speedDown, speed_up: speedUp, downloaded, uploaded, status };
}
