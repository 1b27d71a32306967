import type { CleanedEnv } from 'envalid';
import { apiVariables } from './api';
import { engineVariables } from './engine';
import { programVariables } from './program';
import { vpnVariables } from './vpn';

// Every environment variable that Portward reads, except those with a VPN's number at the end (GLUETUN_PORT_RANGE_1,
// GLUETUN_API_PORT_2, GLUETUN_API_KEY_2 and so on), which vpns.ts reads. A row has the check of a variable, its
// default, its place in `Config`, and its description, which .env.example repeats. config.ts makes the rest of `Config` from rows without
// a place.
// Values in `everyVpn` go to the workflow of each VPN under the same name, and values in `pool` to the fleet's workflow.

export const variables = { ...vpnVariables, ...engineVariables, ...apiVariables, ...programVariables };

export type Variables = CleanedEnv<typeof variables>;
