// To be imported before a program. When the program ends, this writes to RECORD_TO the source of each loaded module, and for each module
// the file that each of its requests found.
// oxlint-disable no-underscore-dangle -- these are Node.js's names
import { writeFileSync } from 'node:fs';
import Module from 'node:module';
import { isMainThread } from 'node:worker_threads';

const loaded = {};
const found = {};

const compile = Module.prototype._compile;
Module.prototype._compile = function (content, filename, format, ...rest) {
  // ES modules are not packed: Node.js loads them.
  if (format !== 'module') loaded[filename] = content;
  return compile.call(this, content, filename, format, ...rest);
};
const loadJson = Module._extensions['.json'];
Module._extensions['.json'] = (module, filename) => {
  loadJson(module, filename);
  loaded[filename] = `module.exports = ${JSON.stringify(module.exports)};`;
};
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  const filename = resolveFilename.call(this, request, parent, ...rest);
  if (parent?.filename) (found[parent.filename] ??= {})[request] = filename;
  return filename;
};
process.on('exit', () => {
  const pack = isMainThread ? 'program' : 'workflow-thread';
  writeFileSync(`${process.env.RECORD_TO}.${pack}`, JSON.stringify({ loaded, found }));
});
