/** Whether all repetitions are wanted: `npm run test:all` sets it. */
export const ALL = process.env['PORTWARD_TEST_ALL'] === 'true';

/** How often a property is tried, each time with other values: so often by `npm run test:all`, a quarter of that by `npm test`. */
export function runs(all: number): { readonly numRuns: number } {
  return { numRuns: ALL ? all : Math.ceil(all / 4) };
}
