import { Type, type Static } from '@sinclair/typebox';
import { Nullable, PortNumber, Time } from './engines';

export const TimelineSchema = Type.Object({
  vpn: Type.String(),
  since: Nullable({ ...Time, description: 'the beginning of the timeline; null: it is empty' }),
  states: Type.Array(
    Type.Object({
      from: Type.String({ format: 'date-time', description: 'the state lasts until the next one' }),
      state: Type.Union(['forwarded', 'no port', 'down', 'unknown'].map((state) => Type.Literal(state))),
      port: Nullable(PortNumber),
    }),
  ),
  replacements: Type.Array(
    Type.Object({
      number: Type.Integer(),
      cause: Type.String(),
      started_at: Time,
      ready_at: Nullable(Time),
      ended_at: Time,
    }),
    { description: 'ended replacements, in the order of their ends' },
  ),
});
export type TimelineJson = Static<typeof TimelineSchema>;
