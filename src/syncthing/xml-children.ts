/** One element below the root, with its text exactly as it stands in the document. */
export interface XmlChild {
  readonly name: string;
  readonly text: string;
}

export interface XmlRoot {
  readonly name: string;
  /** The root's opening tag with its attributes, as it stands in the document. */
  readonly openTag: string;
  readonly children: readonly XmlChild[];
}

/** What a `<` may begin: comment, CDATA, processing instruction, document type, or a tag. */
const MARKUP =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<![A-Za-z][^>]*>|<(?<close>\/?)(?<name>[A-Za-z_][\w.:-]*)(?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(?<empty>\/?)>/y;

interface Tag {
  readonly kind: 'open' | 'close' | 'empty';
  readonly name: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The root of a small XML document and its children, uninterpreted, so that what is not ours can be
 * written back byte by byte. `undefined` when tags do not nest, the document ends early, there is
 * text outside the root, or a `<` begins nothing.
 */
export function xmlChildren(xml: string): XmlRoot | undefined {
  const elements = elementsOf(tagsOf(xml) ?? []);
  const [root, ...otherRoots] = elements?.filter((element) => element.depth === 0) ?? [];
  if (elements === undefined || root === undefined || otherRoots.length > 0) {
    return undefined;
  }
  const children = elements.filter((element) => element.depth === 1);
  return {
    name: root.open.name,
    openTag: root.open.text,
    children: children.map(({ open, end }) => ({
      name: open.name,
      text: xml.slice(open.start, end),
    })),
  };
}

interface Element {
  readonly open: Tag;
  readonly end: number;
  readonly depth: number;
}

/** Elements in the order in which they end; `undefined` when tags do not nest. */
function elementsOf(tags: readonly Tag[]): readonly Element[] | undefined {
  const elements: Element[] = [];
  const open: Tag[] = [];
  for (const tag of tags) {
    if (tag.kind === 'open') {
      open.push(tag);
      continue;
    }
    const begin = tag.kind === 'close' ? open.pop() : tag;
    if (begin?.name !== tag.name) {
      return undefined;
    }
    elements.push({ open: begin, end: tag.end, depth: open.length });
  }
  return open.length === 0 ? elements : undefined;
}

function tagsOf(xml: string): readonly Tag[] | undefined {
  const tags: Tag[] = [];
  let position = 0;
  let depth = 0;
  for (;;) {
    const start = xml.indexOf('<', position);
    const between = xml.slice(position, start === -1 ? undefined : start);
    if (depth === 0 && between.trim().replace('\uFEFF', '') !== '') {
      return undefined;
    }
    if (start === -1) {
      return tags;
    }
    MARKUP.lastIndex = start;
    const match = MARKUP.exec(xml);
    if (match === null) {
      return undefined;
    }
    position = MARKUP.lastIndex;
    const tag = tagOf(match, start, position);
    if (tag !== undefined) {
      depth += { open: 1, close: -1, empty: 0 }[tag.kind];
      tags.push(tag);
    }
  }
}

function tagOf(match: RegExpExecArray, start: number, end: number): Tag | undefined {
  const name = match.groups?.['name'];
  if (name === undefined) {
    return undefined;
  }
  const kind = match.groups?.['close'] ? 'close' : match.groups?.['empty'] ? 'empty' : 'open';
  return { kind, name, text: match[0], start, end };
}

/**
 * The text of an element that has nothing but text, with the five named entities and numbered characters resolved;
 * `undefined` when there is anything else in it.
 */
export function elementText(element: string): string | undefined {
  const match = /^<(?<name>[\w.:-]+)(?:\s[^<>]*)?(?:\/>|>(?<text>[^<]*)<\/\k<name>\s*>)$/.exec(element);
  if (match === null) return undefined;
  const text = match.groups?.['text'] ?? '';
  return /&(?!(?:lt|gt|amp|quot|apos|#\d{1,6}|#x[0-9a-fA-F]{1,5});)/.test(text)
    ? undefined
    : text.replaceAll(/&(?<entity>[^;]+);/g, (_, entity: string) => resolveEntity(entity));
}

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function resolveEntity(entity: string): string {
  const named = NAMED[entity];
  if (named !== undefined) return named;
  const code = entity.startsWith('#x')
    ? Number.parseInt(entity.slice(2), 16)
    : Number.parseInt(entity.slice(1), 10);
  return String.fromCodePoint(code);
}

/** A value as XML text or attribute content. */
export function escapeXml(value: string): string {
  return value.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
