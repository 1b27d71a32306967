import { NamespaceNotFoundError } from '@temporalio/common';
import { inWords, type Problem } from '../lib/problem';
import { codeOf } from '../lib/errors';

// What a failed call to Temporal means to the person who reads of it, and what can be done. gRPC's own texts ('14 UNAVAILABLE: No
// connection established…') and the client's wrappers around them ('Failed to query Workflow') say neither.

/** What is said of a deadline that has passed. */
export const NOT_IN_TIME = 'it was not answered in time';

function problem(what: string, todo: string | null = null): Problem {
  return { what, todo };
}

/** gRPC's numbers. */
const BY_STATUS: Readonly<Record<string, Problem>> = {
  '1': problem('the question was broken off'),
  '4': problem(NOT_IN_TIME, 'no worker runs, or the worker or the Temporal server is busy'),
  '5': problem('it is not there yet, or has ended; a running worker starts it'),
  '7': problem(
    'the Temporal server does not allow it',
    'check TEMPORAL_API_KEY, or the client certificate, and what they may do in the namespace',
  ),
  '8': problem('the Temporal server has too much to do just now'),
  '9': problem('no worker runs that could answer', 'start one, or see its log'),
  '12': problem('the Temporal server is too old for this'),
  '14': problem(
    'the Temporal server does not answer',
    'see that it runs, and that TEMPORAL_ADDRESS is right if it is set',
  ),
  '16': problem('the Temporal server does not let Portward in', 'check TEMPORAL_API_KEY, or the client certificate'),
};
const OF_THE_SERVER = problem('the Temporal server failed', 'its log says why');
const NO_TLS = problem(
  'no TLS connection to the Temporal server comes about',
  'check TEMPORAL_TLS, the certificates and keys, and the name in them',
);
/** What of a connection was refused, by the texts of Node.js and of the worker's own library. */
const BY_REFUSAL: readonly (readonly [said: RegExp, problem: Problem])[] = [
  [
    /certificate ?required|certificate_required|bad ?certificate|handshake failure|handshakefailure/i,
    problem(
      'the Temporal server asks for a client certificate that it knows',
      'set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH',
    ),
  ],
  [
    /UnknownIssuer|self-signed|unable to (get|verify)|UnknownCA/i,
    problem(
      "the Temporal server's certificate is of an authority that is not known here",
      "set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the authority's certificate",
    ),
  ],
  [
    /NotValidForName|ALTNAME|altnames/i,
    problem(
      "the Temporal server's certificate is for another name than TEMPORAL_ADDRESS has",
      'set TEMPORAL_TLS_SERVER_NAME to the name in it',
    ),
  ],
  [/expired/i, problem("the Temporal server's certificate, or the client's, has expired", 'renew it')],
  [
    /wrong version number|InvalidContentType/i,
    problem(
      'the Temporal server does not speak TLS, and Portward was told to',
      'unset TEMPORAL_API_KEY and the TEMPORAL_TLS variables, or set TEMPORAL_TLS=false',
    ),
  ],
  [/valid authentication credentials/i, BY_STATUS['16'] ?? OF_THE_SERVER],
  [/does not have permission/i, BY_STATUS['7'] ?? OF_THE_SERVER],
  [
    /broken ?pipe|frame with invalid size/i,
    problem('the Temporal server ends the connection at once', 'it may ask for TLS, which TEMPORAL_TLS=true sets'),
  ],
  [/certificate|tls|ssl|handshake/i, NO_TLS],
];
const UNREACHABLE = BY_STATUS['14'] ?? OF_THE_SERVER;

/** The SDK's errors that are a matter of the call itself, whatever caused them. By name: jest has several of each class. */
const BY_NAME: Readonly<Record<string, Problem>> = {
  WorkflowNotFoundError: BY_STATUS['5'] ?? OF_THE_SERVER,
  WorkflowUpdateRPCTimeoutOrCancelledError: BY_STATUS['4'] ?? OF_THE_SERVER,
  QueryRejectedError: problem('it has ended; a running worker starts it again'),
  QueryNotRegisteredError: problem(
    'the worker is of another version of Portward, or has just begun',
    'run one version only',
  ),
  TransportError: UNREACHABLE,
};

/** Plain words for what Temporal's client or worker threw; of any other error its own message. */
export function temporalFailure(error: unknown): string {
  return inWords(temporalProblem(error));
}

/** The same, with what to do apart. */
export function temporalProblem(error: unknown): Problem {
  const chain = causes(error);
  const text = chain.map(({ message }) => message).join(' ');
  const namespace = missingNamespace(chain, text);
  if (namespace !== undefined) {
    return problem(`the Temporal server has no namespace '${namespace}'`, 'make it, or correct TEMPORAL_NAMESPACE');
  }
  const named = chain.map(({ name }) => BY_NAME[name]).find((known) => known !== undefined);
  const status = chain.map(statusOf).find((code) => code !== undefined);
  const isOfTemporal = status !== undefined || named !== undefined || chain.some(({ name }) => name === 'ServiceError');
  if (!isOfTemporal) return problem(chain[0]?.message ?? String(error));
  if (status === '14' || named === UNREACHABLE) {
    const refusal = BY_REFUSAL.find(([said]) => said.test(text));
    if (refusal !== undefined) return refusal[1];
  }
  // The deadline has passed before there was a connection.
  if (status === '4' && text.includes('Waiting for LB pick')) return UNREACHABLE;
  // The server's own words for a question that it has dropped.
  if (status === '14' && /please retry/.test(text)) return BY_STATUS['8'] ?? OF_THE_SERVER;
  return named ?? BY_STATUS[status ?? ''] ?? OF_THE_SERVER;
}

function missingNamespace(chain: readonly Error[], text: string): string | undefined {
  const missing = chain.find((error) => error instanceof NamespaceNotFoundError);
  return missing?.namespace ?? /\bNamespace (\S+) is not found/.exec(text)?.[1];
}

/** The workflows of these VPNs do not answer, so that nothing true can be said. */
export function noAnswerOf(vpns: readonly string[]): string {
  const who = vpns.length === 1 ? `the workflow of ${vpns[0]} does` : `the workflows of ${vpns.join(', ')} do`;
  return `${who} not answer; try again, and see /vpn/status if that goes on`;
}

/** Where an error has come through a history only its text is left. */
function statusOf(error: Error): string | undefined {
  const code = codeOf(error);
  return code !== undefined && /^\d{1,2}$/.test(code) ? code : /^(\d{1,2}) [A-Z_]{4,}/.exec(error.message)?.[1];
}

function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let next = error; next instanceof Error && chain.length < 5; next = next.cause) chain.push(next);
  return chain;
}
