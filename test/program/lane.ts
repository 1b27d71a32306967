/**
 * Makes concurrent tests of one lane run one after the other, beside those of other lanes:
 * `test.concurrent('…', onFirstVpn(async () => …))`. The tests of each VPN have a lane of their own.
 */
export function lane(): (work: () => Promise<void>) => () => Promise<void> {
  let before: Promise<unknown> = Promise.resolve();
  return (work) => () => {
    const done = before.then(work);
    before = done.catch(() => {});
    return done;
  };
}
