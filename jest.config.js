const swc = [
  '@swc/jest',
  {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/environment.mjs',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  globalSetup: '<rootDir>/test/built.mjs',
  testSequencer: '<rootDir>/test/order.mjs',
  setupFiles: ['<rootDir>/test/errors-of-node.ts'],
  // Packages that are ES modules only: jest can't load those as they are on Node 20.
  transform: { '^.+\\.ts$': swc, '/node_modules/(cookie|content-disposition)/.+\\.js$': swc },
  transformIgnorePatterns: ['/node_modules/(?!(cookie|content-disposition)/)'],
  // Two cores: tests wait more than they work. With more than three, what has to be in time is late.
  maxWorkers: 4,
  // Of one file: they wait side by side, each for what happens on a VPN of its own.
  maxConcurrency: 20,
  // An end for what hangs, later than that of a wait in it, which says what it waited for.
  testTimeout: 120_000,
};
