import { enginesCases } from './engines.cases';
import { containersCases } from './containers.cases';
import { replacementsCases } from './replacements.cases';
import { timelineCases } from './timeline.cases';
import { circuitBreakersCases } from './circuit-breakers.cases';
import { poolCases } from './pool.cases';
import { poolStatusCases } from './pool-status.cases';
import { metricsCases } from './metrics.cases';

// The routes for engines, containers, replacements, circuit breakers, the pool and metrics.

enginesCases();
containersCases();
replacementsCases();
timelineCases();
circuitBreakersCases();
poolCases();
poolStatusCases();
metricsCases();
