import { laxProvisioning, laxStreamStarted } from '../../src/api/http/lax-bodies';

export function laxBodiesCases(): void {
  test('numbers in env and labels become strings, and a port as a string becomes a number', () => {
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
  ])("a value that can't be converted stays as it is: %j", (body) => {
    expect(laxProvisioning(body)).toEqual(body);
    expect(laxStreamStarted(body)).toEqual(body);
  });

  test('names of built-in properties are converted like other names, and absent fields are not added', () => {
    const body: unknown = JSON.parse('{"env": {"constructor": 1}}');
    expect(laxProvisioning(body)).toEqual({ env: { constructor: '1' } });
    expect(Object.keys(laxStreamStarted<object>({}))).toEqual([]);
  });
}
