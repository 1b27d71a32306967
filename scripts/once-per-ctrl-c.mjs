// Makes one Ctrl-C one SIGINT, and the end of npm an end of the program.

// The terminal tells the whole process group, npm passes it on again: a program would take the second for impatience.
const SAME_KEY_PRESS_MS = 500;
const PARENT_WATCH_MS = 500;

let lastInterrupt = -Infinity;
let asked = false;
const emit = process.emit.bind(process);

process.emit = function (event, ...args) {
  if (event === 'SIGINT') {
    const now = performance.now();
    if (now - lastInterrupt < SAME_KEY_PRESS_MS) return true;
    lastInterrupt = now;
  }
  if (event === 'SIGINT' || event === 'SIGTERM') asked = true;
  return emit(event, ...args);
};

// npm signals its shell only, which dies without passing it on and would leave the program running unseen.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    if (!asked) process.kill(process.pid, 'SIGTERM');
  }, PARENT_WATCH_MS);
  watch.unref();
}
