import { configured, mistakes, ONE_VPN } from './environment';

test('NOTIFY_URL and NOTIFY_SECRET set the receiver and the signature; without an address there is no receiver', () => {
  expect(configured().notify).toBeNull();
  expect(configured({ NOTIFY_SECRET: 's' }).notify).toBeNull();
  const url = 'https://hooks.example/token-7';
  expect(configured({ NOTIFY_URL: ` ${url} ` }).notify).toEqual({ url, secret: null });
  expect(configured({ NOTIFY_URL: url, NOTIFY_SECRET: 's' }).notify).toEqual({ url, secret: 's' });
});

test.each(['token-7', 'ftp://token-7@hooks.example', '//hooks.example/token-7'])(
  'an address to which nothing can be posted, such as %s, is a mistake, and is not repeated',
  (NOTIFY_URL) => {
    expect(mistakes({ ...ONE_VPN, NOTIFY_URL })).toEqual([
      'NOTIFY_URL: expected an address that begins with http:// or https://',
    ]);
  },
);

test('a colon in the user is a mistake: for a receiver it would end the user', () => {
  expect(mistakes({ ...ONE_VPN, NOTIFY_URL: 'https://m%3Ae:token-7@hooks.example' })).toEqual([
    'NOTIFY_URL: expected no colon in the user, which would end it',
  ]);
});

test('a user or password with a wrong % encoding is a mistake at the start, and not a failure of each delivery', () => {
  expect(mistakes({ ...ONE_VPN, NOTIFY_URL: 'https://me:50%off@hooks.example' })).toEqual([
    'NOTIFY_URL: expected each % in the name and password before the host as %25',
  ]);
  const url = 'https://me:50%25off@hooks.example';
  expect(configured({ NOTIFY_URL: url }).notify).toEqual({ url, secret: null });
});
