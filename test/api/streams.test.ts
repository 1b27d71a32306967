import { streamsCases } from './streams.cases';
import { eventsCases } from './events.cases';
import { streamEventsCases } from './stream-events.cases';
import { streamEventsQueueCases } from './stream-events-queue.cases';
import { staleStreamsCases } from './stale-streams.cases';

// Streams: what proxies report, and what is told of it.

streamsCases();
eventsCases();
streamEventsCases();
streamEventsQueueCases();
staleStreamsCases();
