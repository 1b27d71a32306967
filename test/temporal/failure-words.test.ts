import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { noAnswerOf, temporalFailure } from '../../src/temporal/failure-words';

const RAW = /UNAVAILABLE|DEADLINE|EXCEEDED|PERMISSION|Failed to|Workflow|gRPC|tonic|\bECONN|\d+ [A-Z_]{4,}/;

/** The client's error for that gRPC status. */
function refused(code: number, name: string, details: string): Error {
  const cause = Object.assign(new Error(`${code} ${name}: ${details}`), { code, details, metadata: {} });
  return new ServiceError('Failed to query Workflow', { cause });
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

const NO_CONNECTION = 'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:7233';

// The error texts of Node.js and of the worker's native library for each fault of a server.
test.each<[what: string, client: string, worker: string, words: RegExp]>([
  [
    'no client certificate',
    'Last error: 806C:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../rec_layer_s3.c',
    'hyper::Error(Io, Custom { kind: InvalidData, error: "received fatal alert: CertificateRequired" })',
    /set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH/,
  ],
  [
    'a certificate of an unknown authority',
    'Last error: Error: self-signed certificate in certificate chain',
    'ConnectError(Custom { kind: InvalidData, error: InvalidCertificate(UnknownIssuer) })',
    /set TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
  ],
  [
    'a certificate for another name',
    "Last error: Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames",
    'InvalidCertificate(NotValidForNameContext { expected: IpAddress(V4(Ipv4Addr([127, 0, 0, 1]))) })',
    /set TEMPORAL_TLS_SERVER_NAME/,
  ],
  [
    'a server without TLS',
    'Last error: Error: 806C:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl3_record.c:350',
    'ConnectError(Custom { kind: InvalidData, error: InvalidMessage(InvalidContentType) })',
    /does not speak TLS/,
  ],
])('the text for %s names the variable to set, in the client and in the worker', (_what, client, worker, words) => {
  for (const error of [
    refused(14, 'UNAVAILABLE', `No connection established. ${client}`),
    named('TransportError', `tonic::transport::Error(Transport, ${worker})`),
  ]) {
    expect(temporalFailure(error)).toMatch(words);
    expect(temporalFailure(error)).not.toMatch(RAW);
  }
});

test.each([
  ['The request does not have valid authentication credentials', /accept the credentials: check TEMPORAL_API_KEY/],
  ['The caller does not have permission to execute the specified operation', /allow it: check TEMPORAL_API_KEY/],
  ['transport error: stream closed because of a broken pipe', /TEMPORAL_TLS=true/],
])('the worker\'s text for "%s" says what to check', (said, words) => {
  expect(temporalFailure(named('TransportError', `Failed to call GetSystemInfo: code: '${said}'`))).toMatch(words);
});

test.each<[what: string, error: Error, words: RegExp]>([
  ['no server', refused(14, 'UNAVAILABLE', NO_CONNECTION), /does not answer: check that it runs.*TEMPORAL_ADDRESS/],
  [
    'no server, for a worker',
    named('TransportError', 'tonic::transport::Error(Transport, ConnectError)'),
    /check that it runs/,
  ],
  ['another TLS fault', refused(14, 'UNAVAILABLE', 'Last error: SSL alert number 80'), /check TEMPORAL_TLS/],
  ['a query that was dropped', refused(14, 'UNAVAILABLE', 'buffered query cleared, please retry'), /overloaded/],
  [
    'a missed deadline',
    refused(4, 'DEADLINE_EXCEEDED', 'Deadline exceeded after 0.5s'),
    /not answered in time: see that a worker runs/,
  ],
  [
    'a deadline before there was a connection',
    refused(4, 'DEADLINE_EXCEEDED', 'Deadline exceeded after 0.5s,Waiting for LB pick'),
    /check that it runs/,
  ],
  ['no worker', refused(9, 'FAILED_PRECONDITION', 'no poller has seen tasks'), /no running worker/],
  ['no key', refused(16, 'UNAUTHENTICATED', 'Request unauthorized.'), /check TEMPORAL_API_KEY/],
  ['a key without permission', refused(7, 'PERMISSION_DENIED', 'Request unauthorized.'), /check TEMPORAL_API_KEY/],
  ['no namespace', refused(5, 'NOT_FOUND', 'Namespace x is not found.'), /no namespace 'x'.*TEMPORAL_NAMESPACE/],
  ['no namespace, for a client', new NamespaceNotFoundError('x'), /no namespace 'x'.*TEMPORAL_NAMESPACE/],
  [
    'no workflow',
    new WorkflowNotFoundError('workflow not found for ID: x', 'x', undefined),
    /a running worker starts it/,
  ],
  ['an overloaded server', refused(8, 'RESOURCE_EXHAUSTED', 'namespace rate limit exceeded'), /overloaded/],
  ['a broken server', refused(13, 'INTERNAL', 'sql: interrupted (9)'), /see its log/],
  ['an unknown error', new ServiceError('Failed to query Workflow'), /see its log/],
  [
    'an error with only a text',
    new Error('Failed to signal', { cause: new Error('14 UNAVAILABLE') }),
    /check that it runs/,
  ],
  [
    'an update without an answer in time',
    named('WorkflowUpdateRPCTimeoutOrCancelledError', 'Workflow Update failed'),
    /not answered in time: see that a worker runs, and that it and the Temporal server are not overloaded/,
  ],
])('the text for %s is in plain words, and says what to do', (_what, error, words) => {
  expect(temporalFailure(error)).toMatch(words);
  expect(temporalFailure(error)).not.toMatch(RAW);
});

test('an error that is not from Temporal keeps its message', () => {
  expect(temporalFailure(new Error("VPN 'gluetun' has not been observed yet"))).toBe(
    "VPN 'gluetun' has not been observed yet",
  );
  expect(temporalFailure('text')).toBe('text');
});

test('the text for workflows that do not answer names their VPNs', () => {
  expect(noAnswerOf(['gluetun'])).toBe(
    'the workflow of gluetun does not answer; try again, and see /vpn/status if that goes on',
  );
  expect(noAnswerOf(['a', 'b'])).toMatch(/^the workflows of a, b do not answer/);
});
