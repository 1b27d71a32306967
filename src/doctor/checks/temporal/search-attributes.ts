import { searchAttributes as wantedAttributes } from '../../../worker/search-attributes';
import { SearchAttributeTypeError, typeNameOf } from '../../../temporal/search-attributes';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import type { TemporalSite } from '../../temporal-site';

export function searchAttributes(temporal: TemporalSite): Check {
  return {
    id: 'temporal.search-attributes',
    title: 'search attributes',
    vpn: null,
    look: async () => {
      if (!(await temporal.isRunning())) return [];
      const { isEmbedded } = await temporal.place();
      return judgeAttributes(await temporal.searchAttributes(), { isEmbedded, cli: await temporal.cli() });
    },
  };
}

/**
 * @param present Temporal's numbers of their types, by name
 * @param cli command line of Temporal's CLI for this server and namespace
 */
export function judgeAttributes(
  present: Readonly<Record<string, number>>,
  { isEmbedded, cli }: { readonly isEmbedded: boolean; readonly cli: string },
): Finding | readonly Finding[] {
  const wanted = Object.entries(wantedAttributes);
  const others = wanted.flatMap(([name, type]): Finding[] => {
    const number = present[name];
    if (number === undefined || typeNameOf(number) === type) return [];
    const { what, todo } = new SearchAttributeTypeError(name, type, typeNameOf(number)).problem;
    return [
      wrong(what, 'workflows that set it would make no progress', todo?.replace('`temporal ', `\`${cli} `) ?? null),
    ];
  });
  if (others.length > 0) return others;
  const missing = wanted.filter(([name]) => present[name] === undefined);
  if (missing.length === 0) return ok(`${wanted.map(([name]) => name).join(', ')} are there`);
  const names = missing.map(([name]) => name).join(', ');
  if (isEmbedded) return ok(`${names} are added at the start`);
  return warning(
    `the namespace has no ${names}`,
    'Portward adds them at the start if it may; without them workflows are not found by VPN, port and state',
    `if it may not: ${cli} operator search-attribute create ${missing.map(([name, type]) => `--name ${name} --type ${type}`).join(' ')}`,
  );
}
