import { enginesCases } from './engines.cases';
import { containersCases } from './containers.cases';
import { replacementsCases } from './replacements.cases';
import { timelineCases } from './timeline.cases';
import { circuitBreakersCases } from './circuit-breakers.cases';
import { poolCases } from './pool.cases';
import { poolStatusCases } from './pool-status.cases';
import { metricsCases } from './metrics.cases';

// What the API answers of engines, of the pool and of what has happened, and what it does about them.

enginesCases();
containersCases();
replacementsCases();
timelineCases();
circuitBreakersCases();
poolCases();
poolStatusCases();
metricsCases();
