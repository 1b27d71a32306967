import { streamsCases } from './streams.cases';
import { eventsCases } from './events.cases';
import { streamEventsCases } from './stream-events.cases';
import { streamEventsQueueCases } from './stream-events-queue.cases';
import { staleStreamsCases } from './stale-streams.cases';

// Reports of streams by proxies, and the routes that show streams.

streamsCases();
eventsCases();
streamEventsCases();
streamEventsQueueCases();
staleStreamsCases();
