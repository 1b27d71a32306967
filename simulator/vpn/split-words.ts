/**
 * Splits a command into words as Gluetun does (internal/command/split.go): by spaces, with single and double quotes and backslashes, but
 * without a shell's expansions. Throws if a quote is not closed.
 */
export function splitWords(command: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < command.length; at++) {
    const character = command.charAt(at);
    if (quote !== null) {
      if (character === quote) quote = null;
      else if (character === '\\' && quote === '"' && '$`"\\'.includes(command.charAt(at + 1))) {
        word = (word ?? '') + command.charAt(++at);
      } else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (' \n\t'.includes(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + (character === '\\' ? command.charAt(++at) : character);
  }
  if (quote !== null) throw new Error(`expected a closing ${quote} in: ${command}`);
  if (word !== null) words.push(word);
  return words;
}
