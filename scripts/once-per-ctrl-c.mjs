// For programs behind `npm run`: a Ctrl-C arrives as one SIGINT, and the program ends when npm ends.

// The terminal sends SIGINT to the whole process group, and npm sends it again. A program would take the second one for a second
// Ctrl-C, which means 'end at once'.
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

// When npm gets a signal, it signals only its shell. The shell dies without passing the signal on, and the program would run on unseen.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    if (!asked) process.kill(process.pid, 'SIGTERM');
  }, PARENT_WATCH_MS);
  watch.unref();
}
