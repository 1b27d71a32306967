// A parser for the part of PromQL that the rules and dashboards use. It finds the metrics in an expression.

const FUNCTIONS = new Set(['sum', 'max', 'rate', 'increase', 'histogram_quantile']);
const WORDS = new Set(['by', 'on', 'and']);

/** @throws if brackets do not match, or at a function that is not in FUNCTIONS */
export function metricNames(expression: string): string[] {
  const bare = expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  assertBrackets(bare, expression);
  // Removes labels, in selectors and in lists, and ranges.
  const without = bare
    .replaceAll(/\{[^{}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(by|on)\s*\([^()]*\)/g, ' ');
  return [...without.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*(\s*\()?/g)].flatMap(([all, opening]) => {
    const name = all.replace(/\s*\($/, '');
    if (opening !== undefined && !FUNCTIONS.has(name) && !WORDS.has(name))
      throw new Error(`unknown function '${name}': ${expression}`);
    return opening !== undefined || WORDS.has(name) ? [] : [name];
  });
}

const PAIRS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

function assertBrackets(bare: string, expression: string): void {
  const open: string[] = [];
  for (const c of bare) {
    const closing = PAIRS[c];
    if (closing !== undefined) open.push(closing);
    else if (')]}'.includes(c) && open.pop() !== c) throw new Error(`brackets do not match: ${expression}`);
  }
  if (open.length > 0) throw new Error(`a bracket is not closed: ${expression}`);
}
