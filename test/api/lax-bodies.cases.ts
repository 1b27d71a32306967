import { laxProvisioning, laxStreamStarted } from '../../src/api/http/lax-bodies';

export function laxBodiesCases(): void {
  test('numbers as env and labels, and a port as text, are taken as what they mean', () => {
    const body = { env: { CACHE_LIMIT: 2, RATE: 0.5, A: 'x' }, labels: { channel: 42 }, host_port: '19003', more: 1 };
    expect(laxProvisioning(body)).toEqual({
      env: { CACHE_LIMIT: '2', RATE: '0.5', A: 'x' },
      labels: { channel: '42' },
      host_port: 19_003,
      more: 1,
    });
  });

  test.each([
    null,
    undefined,
    7,
    'text',
    [],
    { env: null, labels: ['a'], host_port: 'x' },
    { env: { A: true, B: null } },
  ])('what has no such meaning is left to the check as it came: %j', (body) => {
    expect(laxProvisioning(body)).toEqual(body);
    expect(laxStreamStarted(body)).toEqual(body);
  });

  test('names that objects have anyway are names like any other, and nothing is added', () => {
    const body: unknown = JSON.parse('{"env": {"constructor": 1}}');
    expect(laxProvisioning(body)).toEqual({ env: { constructor: '1' } });
    expect(Object.keys(laxStreamStarted<object>({}))).toEqual([]);
  });
}
