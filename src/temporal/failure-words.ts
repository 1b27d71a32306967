import { NamespaceNotFoundError } from '@temporalio/common';
import { inWords, type Problem } from '../lib/problem';
import { codeOf } from '../lib/errors';

// Says in plain words what a failed call to Temporal means and what to do about it. gRPC's texts ('14 UNAVAILABLE: No connection
// established…') and the client's texts around them ('Failed to query Workflow') say neither.

/** The words for a deadline that has passed. */
export const NOT_IN_TIME = 'it was not answered in time';

function problem(what: string, todo: string | null = null): Problem {
  return { what, todo };
}

/** By gRPC status code. */
const BY_STATUS: Readonly<Record<string, Problem>> = {
  '1': problem('the request was cancelled'),
  '4': problem(NOT_IN_TIME, 'see that a worker runs, and that it and the Temporal server are not overloaded'),
  '5': problem('the workflow does not exist yet, or has ended; a running worker starts it'),
  '7': problem(
    'the Temporal server does not allow it',
    'check TEMPORAL_API_KEY or the client certificate, and their permissions in the namespace',
  ),
  '8': problem('the Temporal server is overloaded'),
  '9': problem('no running worker could answer', 'start a worker, or see its log'),
  '12': problem('the Temporal server is too old for this request', 'update it'),
  '14': problem(
    'the Temporal server does not answer',
    'check that it runs, and that TEMPORAL_ADDRESS is right if it is set',
  ),
  '16': problem(
    'the Temporal server does not accept the credentials',
    'check TEMPORAL_API_KEY or the client certificate',
  ),
};
const SERVER_FAILED = problem('the Temporal server failed', 'see its log');
const NO_TLS = problem(
  'the TLS connection to the Temporal server failed',
  'check TEMPORAL_TLS, the certificates and keys, and the name in them',
);
/** Why a connection was refused, recognized by the error texts of Node.js and of the worker's native library. */
const BY_REFUSAL: readonly (readonly [text: RegExp, problem: Problem])[] = [
  [
    /certificate ?required|certificate_required|bad ?certificate|handshake failure|handshakefailure/i,
    problem(
      'the Temporal server requires a client certificate that it trusts',
      'set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH',
    ),
  ],
  [
    /UnknownIssuer|self-signed|unable to (get|verify)|UnknownCA/i,
    problem(
      "the certificate authority of the Temporal server's certificate is not trusted here",
      "set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the authority's certificate",
    ),
  ],
  [
    /NotValidForName|ALTNAME|altnames/i,
    problem(
      "the Temporal server's certificate is not for the name in TEMPORAL_ADDRESS",
      'set TEMPORAL_TLS_SERVER_NAME to the name in the certificate',
    ),
  ],
  [/expired/i, problem('the certificate of the Temporal server or of the client has expired', 'renew it')],
  [
    /wrong version number|InvalidContentType/i,
    problem(
      'the Temporal server does not speak TLS, but Portward is configured to',
      'unset TEMPORAL_API_KEY and the TEMPORAL_TLS variables, or set TEMPORAL_TLS=false',
    ),
  ],
  [/valid authentication credentials/i, BY_STATUS['16'] ?? SERVER_FAILED],
  [/does not have permission/i, BY_STATUS['7'] ?? SERVER_FAILED],
  [
    /broken ?pipe|frame with invalid size/i,
    problem(
      'the Temporal server closes the connection at once',
      'it may require TLS, which TEMPORAL_TLS=true turns on',
    ),
  ],
  [/certificate|tls|ssl|handshake/i, NO_TLS],
];
const UNREACHABLE = BY_STATUS['14'] ?? SERVER_FAILED;

/** SDK errors whose class says enough, whatever caused them. By name, because jest loads each class several times. */
const BY_NAME: Readonly<Record<string, Problem>> = {
  WorkflowNotFoundError: BY_STATUS['5'] ?? SERVER_FAILED,
  WorkflowUpdateRPCTimeoutOrCancelledError: BY_STATUS['4'] ?? SERVER_FAILED,
  QueryRejectedError: problem('the workflow has ended; a running worker starts it again'),
  QueryNotRegisteredError: problem(
    'the worker runs another version of Portward, or has just started',
    'run one version only',
  ),
  TransportError: UNREACHABLE,
};

/** Plain words for an error of Temporal's client or worker; for any other error, its message. */
export function temporalFailure(error: unknown): string {
  return inWords(temporalProblem(error));
}

/** The same, with the remedy as a field of its own. */
export function temporalProblem(error: unknown): Problem {
  const chain = causes(error);
  const text = chain.map(({ message }) => message).join(' ');
  const namespace = missingNamespace(chain, text);
  if (namespace !== undefined) {
    return problem(`the Temporal server has no namespace '${namespace}'`, 'make it, or correct TEMPORAL_NAMESPACE');
  }
  const named = chain.map(({ name }) => BY_NAME[name]).find((known) => known !== undefined);
  const status = chain.map(statusOf).find((code) => code !== undefined);
  const isFromTemporal =
    status !== undefined || named !== undefined || chain.some(({ name }) => name === 'ServiceError');
  if (!isFromTemporal) return problem(chain[0]?.message ?? String(error));
  if (status === '14' || named === UNREACHABLE) {
    const refusal = BY_REFUSAL.find(([pattern]) => pattern.test(text));
    if (refusal !== undefined) return refusal[1];
  }
  // gRPC's text for a deadline that passed before there was a connection.
  if (status === '4' && text.includes('Waiting for LB pick')) return UNREACHABLE;
  // The server's text for a request that it dropped.
  if (status === '14' && /please retry/.test(text)) return BY_STATUS['8'] ?? SERVER_FAILED;
  return named ?? BY_STATUS[status ?? ''] ?? SERVER_FAILED;
}

function missingNamespace(chain: readonly Error[], text: string): string | undefined {
  const missing = chain.find((error) => error instanceof NamespaceNotFoundError);
  return missing?.namespace ?? /\bNamespace (\S+) is not found/.exec(text)?.[1];
}

/** The error text for a request that needs the workflows of these VPNs while they do not answer. */
export function noAnswerOf(vpns: readonly string[]): string {
  const who = vpns.length === 1 ? `the workflow of ${vpns[0]} does` : `the workflows of ${vpns.join(', ')} do`;
  return `${who} not answer; try again, and see /vpn/status if that goes on`;
}

/** The gRPC status code of an error. An error that was stored in a workflow history has kept only its text. */
function statusOf(error: Error): string | undefined {
  const code = codeOf(error);
  return code !== undefined && /^\d{1,2}$/.test(code) ? code : /^(\d{1,2}) [A-Z_]{4,}/.exec(error.message)?.[1];
}

function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let next = error; next instanceof Error && chain.length < 5; next = next.cause) chain.push(next);
  return chain;
}
