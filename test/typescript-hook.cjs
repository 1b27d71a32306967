// Lets `node --require` run TypeScript, for tests that need a second process to kill.
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  });
  // Node has no other way to give a module its code than this method.
  // oxlint-disable-next-line no-underscore-dangle
  module._compile(code, filename);
};
