import { isIP } from 'node:net';
import { makeExactValidator } from 'envalid';
import type { Port } from '../domain/engine';
import { basicMistake, headerSecret } from '../secrets/header-secrets';
import type { PortRange } from '../domain/settings';

// Checks and conversions of variables. None of them gets an empty text. An error says what was expected.

export function integer(least: number, most: number) {
  return makeExactValidator<number>((text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new Error(`expected a whole number from ${least} to ${most}, got '${text}'`);
    }
    return value;
  });
}

/** Converts to milliseconds. */
export function seconds(least: number, most: number) {
  return makeExactValidator<number>((text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least || value > most) {
      throw new Error(`expected seconds from ${least} to ${most}, got '${text}'`);
    }
    return value * 1000;
  });
}

export function oneOf<T extends string>(...choices: T[]) {
  return makeExactValidator<T>((text) => {
    const choice = choices.find((c) => c === text.trim().toLowerCase());
    if (choice === undefined) throw new Error(`expected ${choices.join(' or ')}, got '${text}'`);
    return choice;
  });
}

export const flag = makeExactValidator<boolean>((text) => {
  const value = text.trim().toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(value)) return true;
  if (['false', '0', 'no', 'off'].includes(value)) return false;
  throw new Error(`expected true or false, got '${text}'`);
});

export const text = makeExactValidator<string>((value) => value.trim());

/** In the form of Temporal's SDK: not a URL, and the port may be missing. */
export const grpcAddress = makeExactValidator<string>((value) => {
  const address = value.trim();
  const isAddress = /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i.test(address) || isIP(address) === 6;
  if (!isAddress) throw new Error(`expected host:port, for example temporal:7233, got '${address}'`);
  return address;
});

/** The value never appears in an error. The same holds for the next validators. */
export const secret = makeExactValidator<string>((value) => value.trim());
export const secretOfHeader = makeExactValidator<string>(headerSecret);

/** Long enough that nobody who reads a history can find it by trying. */
export const longSecret = makeExactValidator<string>((value) => {
  const trimmed = value.trim();
  if (trimmed.length < 16) throw new Error(`expected at least 16 characters, got ${trimmed.length}`);
  return trimmed;
});

function isPercentEncoded(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

/** The address may hold a token, so errors don't repeat it. */
export const secretAddress = makeExactValidator<string>((value) => {
  const address = value.trim();
  if (!URL.canParse(address) || !['http:', 'https:'].includes(new URL(address).protocol)) {
    throw new Error('expected an address that begins with http:// or https://');
  }
  const { username, password } = new URL(address);
  if (![username, password].every(isPercentEncoded)) {
    throw new Error('expected each % in the name and password before the host as %25');
  }
  const mistake = basicMistake({ user: decodeURIComponent(username), password: decodeURIComponent(password) });
  if (mistake !== null) throw new Error(mistake);
  return address;
});

export function matching(pattern: RegExp, expected: string) {
  return makeExactValidator<string>((value) => {
    if (!pattern.test(value)) throw new Error(`expected ${expected}, got '${value}'`);
    return value;
  });
}

/** @throws Error that says what was expected */
export function parsePortRange(value: string): PortRange {
  const [, first, last] = /^\s*(\d{1,5})\s*-\s*(\d{1,5})\s*$/.exec(value) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (!(range.first >= 1 && range.last <= 65_535 && range.first <= range.last)) {
    throw new Error(`expected two ports as FIRST-LAST, for example 19000-19999, got '${value}'`);
  }
  return range;
}

export const portRange = makeExactValidator<PortRange>(parsePortRange);

/** @throws Error that says what was expected */
export function parsePort(value: string): Port {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new Error(`expected a whole number from 1 to 65535, got '${value}'`);
  }
  return number;
}

export const port = makeExactValidator<Port>(parsePort);

export const imageTag = matching(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$/, "an image's tag");
/** An address to listen at: an IP address of this machine, or a name of one. */
export const listeningHost = makeExactValidator<string>((value) => {
  const host = value.trim();
  if (isIP(host) === 0 && !HOST_NAME.test(host)) {
    throw new Error(`expected an IP address or a host's name, without a port, got '${value}'`);
  }
  return host;
});
const HOST_NAME = /^[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?$/;

/** An origin as browsers send it; `*` for any. @throws Error that says what was expected */
function origin(value: string, all: readonly string[]): string {
  if (value === '*') {
    if (all.length > 1) throw new Error("expected '*' alone, which is any origin, or a list without it");
    return value;
  }
  const url = URL.canParse(value) ? new URL(value) : null;
  const whole = url?.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (!url || !whole || !['http:', 'https:'].includes(url.protocol) || url.pathname !== '/' || value.includes('*')) {
    throw new Error(
      `expected origins as https://dashboard.example or http://192.168.1.5:3000 (scheme, host, port if any, and nothing behind it), or '*' alone, got '${value}'`,
    );
  }
  return url.origin;
}

export const originList = makeExactValidator<readonly string[]>((list) => {
  const all = list.split(/[\s,]+/).filter((value) => value !== '');
  return all.map((value) => origin(value, all));
});

/** For libraries that don't resolve names. */
export const ipAddress = makeExactValidator<string>((value) => {
  if (isIP(value.trim()) === 0) throw new Error(`expected an IP address, got '${value}'`);
  return value.trim();
});
