/** The chart's values as a table, from the comments in values.yaml. */
import { type Document, isMap, isNode, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { table } from './table.ts';

export interface ChartValue {
  readonly path: string;
  /** Empty where nobody wrote one. */
  readonly description: string;
  readonly default: unknown;
}

/** Maps that are one value: what is in them is Kubernetes' own, or free. */
const WHOLE: ReadonlySet<string> = new Set(['resources', 'labels']);

/** Throws where the text is no YAML. */
export function chartValues(text: string): readonly ChartValue[] {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw error;
  return isMap(document.contents) ? valuesOf(document.contents, [], document) : [];
}

function valuesOf(map: YAMLMap, at: readonly string[], document: Document): readonly ChartValue[] {
  return map.items.flatMap((pair, index) => {
    const name = isScalar(pair.key) ? String(pair.key.value) : '';
    const path = [...at, name];
    const { value } = pair;
    if (isMap(value) && value.items.length > 0 && !WHOLE.has(name)) return valuesOf(value, path, document);
    // What stands above the first key of a map hangs on the map.
    const comment = commentOf(pair) ?? (index === 0 ? map.commentBefore : undefined) ?? '';
    const given: unknown = isNode(value) ? value.toJS(document) : value;
    return [{ path: path.join('.'), description: clean(comment), default: given }];
  });
}

function commentOf({ key }: Pair): string | undefined {
  return isScalar(key) ? (key.commentBefore ?? undefined) : undefined;
}

/** What stands above an empty line is about the file or the group. */
function clean(comment: string): string {
  const own = comment.split(/\n\s*\n/).at(-1) ?? '';
  return own.replaceAll(/\s+/g, ' ').trim();
}

export function chartValuesTable(text: string): string {
  const rows = chartValues(text).map((value) => [
    `\`${value.path}\``,
    `\`${JSON.stringify(value.default)}\``,
    value.description,
  ]);
  return table(['value', 'default', 'meaning'], rows);
}
