import { engineReadsCases } from './engine-reads.cases';
import { vpnStatusCases } from './vpn-status.cases';
import { statusInTimeCases } from './status-in-time.cases';
import { recheckCases } from './recheck.cases';

// Reads of engines and VPNs, with fake time.

engineReadsCases();
vpnStatusCases();
statusInTimeCases();
recheckCases();
