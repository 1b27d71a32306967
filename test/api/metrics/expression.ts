// Just enough of PromQL to say which metrics an expression asks for.

const FUNCTIONS = new Set(['sum', 'max', 'rate', 'increase', 'histogram_quantile']);
const WORDS = new Set(['by', 'on', 'and']);

/** @throws when brackets do not match, or at a function that no expression here has needed so far */
export function metricNames(expression: string): string[] {
  const bare = expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  assertBrackets(bare, expression);
  // Labels, in selectors and in lists, are no metrics; neither are ranges.
  const without = bare
    .replaceAll(/\{[^{}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(by|on)\s*\([^()]*\)/g, ' ');
  return [...without.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*(\s*\()?/g)].flatMap(([all, opening]) => {
    const name = all.replace(/\s*\($/, '');
    if (opening !== undefined && !FUNCTIONS.has(name) && !WORDS.has(name))
      throw new Error(`'${name}' is no function that is known here: ${expression}`);
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
