import { provisionCases } from './provision.cases';
import { provisionRefusalsCases } from './provision-refusals.cases';
import { provisionUnderWayCases } from './provision-under-way.cases';
import { provisioningDecisionCases } from './provisioning-decision.cases';

// POST /provision/acestream.

provisionCases();
provisionRefusalsCases();
provisionUnderWayCases();
provisioningDecisionCases();
