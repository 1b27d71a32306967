import type { SearchAttributes } from '../temporal/search-attributes';
import { searchAttribute } from '../workflows/vpn/report/search-attributes';

/** The search attributes that workflows set, with their types on the server. */
export const searchAttributes: SearchAttributes = {
  [searchAttribute.vpn]: 'Keyword',
  [searchAttribute.port]: 'Int',
  [searchAttribute.state]: 'Keyword',
};
