import { Type } from '@sinclair/typebox';
import { Check } from '@sinclair/typebox/value';
import type { ContainerId, Instant } from '../../domain/engine';
import type { Target } from '../../domain/replacement';
import type { PortsTaken } from '../../domain/vpn/taken-ports';
import { ids, instant, integer, labels, nullable, port, reader, role, takenPorts } from '../shared/message-schema';

// What a VPN's workflow and people send to a replacement, and the details of its activities' failures because of taken ports.

export const readTarget = reader<Target>(
  Type.Object({
    generation: integer(),
    role,
    httpPort: port,
    httpsPort: port,
    p2pPort: nullable(port),
    waitFor: ids,
    callerOptions: nullable(Type.Object({ labels, sealedEnv: nullable(Type.String()) })),
    isHttpPortGiven: Type.Optional(Type.Boolean()),
  }),
);

export const readIds = reader<readonly ContainerId[]>(ids);

const hold = nullable(instant);
/** Until when the replacement is held back; null: it is not. */
export const isHold = (value: unknown): value is Instant | null => Check(hold, value);

export const readPortsTaken = reader<PortsTaken>(Type.Object({ taken: takenPorts, started: Type.Boolean() }));
