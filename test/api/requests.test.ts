import { accessCases } from './access.cases';
import { crossOriginCases } from './cross-origin.cases';
import { securityHeadersCases } from './security-headers.cases';
import { contentTypeCases } from './content-type.cases';
import { laxBodiesCases } from './lax-bodies.cases';
import { namesCases } from './names.cases';
import { readyBodyCases } from './ready-body.cases';
import { docsPageCases } from './docs-page.cases';
import { openapiCases } from './openapi.cases';

// What applies to all requests and answers: access, CORS, headers, bodies, names, and the OpenAPI document.

accessCases();
crossOriginCases();
securityHeadersCases();
contentTypeCases();
laxBodiesCases();
namesCases();
readyBodyCases();
docsPageCases();
openapiCases();
