import type { SearchAttributes } from '../temporal/search-attributes';
import { searchAttribute } from '../workflows/vpn/report/search-attributes';

/** What the workflows set, and what each is on the server. */
export const searchAttributes: SearchAttributes = {
  [searchAttribute.vpn]: 'Keyword',
  [searchAttribute.port]: 'Int',
  [searchAttribute.state]: 'Keyword',
};
