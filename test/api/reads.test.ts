import { engineReadsCases } from './engine-reads.cases';
import { vpnStatusCases } from './vpn-status.cases';
import { statusInTimeCases } from './status-in-time.cases';
import { recheckCases } from './recheck.cases';

// What is read of VPNs and engines, while time is turned.

engineReadsCases();
vpnStatusCases();
statusInTimeCases();
recheckCases();
