import type { VpnLists, VpnSource } from './vpn-source';
import type { StreamsWorkflow } from '../activities/streams/stream-collector';

/** A VPN's workflow for the collector of streams. Its query names the last list, so that the workflow does not send an unchanged one. */
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
