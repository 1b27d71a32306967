/** Whether to run all repetitions; `npm run test:all` sets the variable. */
export const ALL = process.env['PORTWARD_TEST_ALL'] === 'true';

/** How many values a property is tested with: `all` by `npm run test:all`, a quarter of that by `npm test`. */
export function runs(all: number): { readonly numRuns: number } {
  return { numRuns: ALL ? all : Math.ceil(all / 4) };
}
