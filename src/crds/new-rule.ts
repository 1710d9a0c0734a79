/**
 * Whether a rule in CEL holds wherever fields that are new are absent, and so refuses nothing that was valid before they
 * came: PURE. It says so only of what it can be sure of; of any other rule it says no.
 */
export function holdsWithout(rule: string, isNew: (field: string) => boolean): boolean {
  if (rule.includes('\\')) return false;
  const text = rule.trim();
  const mask = maskOf(text);
  // A condition binds weaker than all that is looked at here.
  if (mask.includes('?')) return false;
  const either = partsAt('||', text, mask);
  if (either.length > 1) return either.some((part) => holdsWithout(part, isNew));
  const all = partsAt('&&', text, mask);
  if (all.length > 1) return all.every((part) => holdsWithout(part, isNew));
  if (/^\(_*\)$/.test(mask)) return holdsWithout(text.slice(1, -1), isNew);
  const field = /^!has\((?:self|oldSelf)\.(\w+)\)$/.exec(text)?.[1] ?? SAME.exec(text)?.[1];
  return field !== undefined && isNew(field);
}

/** It did not come and did not go. */
const SAME = /^has\(self\.(\w+)\) == has\(oldSelf\.\1\)$/;

/** The text with all that is in brackets or quotes replaced by _, of the same length. */
function maskOf(text: string): string {
  let depth = 0;
  let quote = '';
  const masked = text.split('').map((char) => {
    if (quote !== '') {
      if (char === quote) quote = '';
      return '_';
    }
    if (char === '"' || char === "'") {
      quote = char;
      return '_';
    }
    if (')]}'.includes(char)) depth -= 1;
    const shown = depth === 0 ? char : '_';
    if ('([{'.includes(char)) depth += 1;
    return shown;
  });
  return masked.join('');
}

function partsAt(operator: '||' | '&&', text: string, mask: string): readonly string[] {
  const found = mask.indexOf(operator);
  if (found === -1) return [text];
  const after = found + operator.length;
  return [text.slice(0, found), ...partsAt(operator, text.slice(after), mask.slice(after))];
}
