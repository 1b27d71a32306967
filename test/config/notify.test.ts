import { configured, mistakes, ONE_VPN } from './environment';

test('NOTIFY_URL and NOTIFY_SECRET say who is told and how it is signed; without an address nobody is', () => {
  expect(configured().notify).toBeNull();
  expect(configured({ NOTIFY_SECRET: 's' }).notify).toBeNull();
  const url = 'https://hooks.example/token-7';
  expect(configured({ NOTIFY_URL: ` ${url} ` }).notify).toEqual({ url, secret: null });
  expect(configured({ NOTIFY_URL: url, NOTIFY_SECRET: 's' }).notify).toEqual({ url, secret: 's' });
});

test.each(['token-7', 'ftp://token-7@hooks.example', '//hooks.example/token-7'])(
  'an address that can not be posted to, such as %s, is a mistake that does not repeat it',
  (NOTIFY_URL) => {
    expect(mistakes({ ...ONE_VPN, NOTIFY_URL })).toEqual([
      'NOTIFY_URL: expected an address that begins with http:// or https://',
    ]);
  },
);

test('a colon in the name is a mistake: a receiver would take it for the end of the name', () => {
  expect(mistakes({ ...ONE_VPN, NOTIFY_URL: 'https://m%3Ae:token-7@hooks.example' })).toEqual([
    'NOTIFY_URL: expected no colon in the user, which would end it',
  ]);
});

test('a name or password with a % that is none of the encoding is a mistake, instead of one at each delivery', () => {
  expect(mistakes({ ...ONE_VPN, NOTIFY_URL: 'https://me:50%off@hooks.example' })).toEqual([
    'NOTIFY_URL: expected each % in the name and password before the host as %25',
  ]);
  const url = 'https://me:50%25off@hooks.example';
  expect(configured({ NOTIFY_URL: url }).notify).toEqual({ url, secret: null });
});
