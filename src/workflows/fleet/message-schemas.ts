import { Type } from '@sinclair/typebox';
import type { FleetSettings } from '../../domain/fleet/fleet';
import type { PoolReport } from '../../domain/fleet/pool';
import { integer, reader, text } from '../shared/message-schema';

// What workers, VPNs, the API and people send to the fleet workflow.

/** The demand: how many engines somebody asks for over all VPNs. */
export const readDemand = reader<number>(integer(0, 100_000));

export const readFleetSettings = reader<FleetSettings>(
  Type.Object({
    instance: Type.String(),
    vpns: Type.Array(Type.Object({ vpn: text(), capacity: integer(1), initialTarget: integer(0) }), { minItems: 1 }),
    minReplicas: integer(0),
    minFreeReplicas: integer(0),
    maxReplicas: integer(1),
    maxActiveReplicas: integer(1),
    autoscaleIntervalMs: Type.Number({ exclusiveMinimum: 0 }),
  }),
);

export const readPoolReport = reader<PoolReport>(
  Type.Object({
    vpn: Type.String(),
    incarnation: Type.String(),
    facts: Type.Object({
      condition: Type.Union([Type.Literal('healthy'), Type.Literal('unsettled'), Type.Literal('down')]),
      engines: integer(0),
      busy: integer(0),
      reserved: integer(0),
      target: integer(0),
    }),
  }),
);
