import type { VpnLists, VpnSource } from './vpn-source';
import type { StreamsWorkflow } from '../activities/streams/stream-collector';

/** A VPN's workflow as the worker's look at streams has it: asked with the version that it had last. */
export function streamsWorkflow(source: Pick<VpnSource, 'lists' | 'tellStreams'>): StreamsWorkflow {
  let known: VpnLists | null = null;
  return {
    streams: async () => {
      known = await source.lists(known);
      return known?.streams.streams ?? [];
    },
    tell: (events) => source.tellStreams(events),
  };
}
