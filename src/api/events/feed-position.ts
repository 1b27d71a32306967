/** Up to where someone has heard of one VPN. Numbers count within a lineage. */
export interface Place {
  readonly lineage: string;
  readonly number: number;
}

/** By VPN; of one that is not in it nothing was heard yet. */
export type Position = ReadonlyMap<string, Place>;

/** `gluetun=ab12cd34.17,gluetun2=…`: whole in every id, so that any API process can go on from it, at any time. */
export function positionText(position: Position): string {
  return [...position].map(([vpn, { lineage, number }]) => `${vpn}=${lineage}.${number}`).join(',');
}

/** Null when it is no position. */
export function parsePosition(text: string): Position | null {
  const position = new Map<string, Place>();
  for (const part of text.split(',')) {
    const [, vpn, lineage, number] = /^([a-zA-Z0-9_.-]+)=([a-zA-Z0-9-]+)\.(\d{1,15})$/.exec(part) ?? [];
    if (vpn === undefined || lineage === undefined) return null;
    position.set(vpn, { lineage, number: Number(number) });
  }
  return position;
}
