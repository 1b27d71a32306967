// Preloaded into Portward (`node --require`): shifts its time of day by the number of milliseconds in CLOCK_OFFSET_FILE.
const { readFileSync, writeFileSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const RealDate = Date;
let offset = 0;

const file = process.env.CLOCK_OFFSET_FILE;

function read() {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Not written yet.
    return;
  }
  if (Number(text) === offset) return;
  offset = Number(text);
  if (isMainThread) writeFileSync(`${file}.in-force`, text);
}

read();
// Each thread reads the file by itself. Timers do not depend on the time of day.
setInterval(read, 20).unref();

const now = () => RealDate.now() + offset;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, property) => (property === 'now' ? now : Reflect.get(target, property)),
});
