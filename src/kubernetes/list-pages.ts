import * as z from 'zod/mini';
import type { ObjectList, Selector, Unreadable } from './client.ts';
import { isKubernetesError, KubernetesError } from './errors.ts';
import { nameIn } from './object-schema.ts';
import type { ResourceKind } from './resource-kind.ts';
import { selectorQuery } from './selector.ts';

const PAGE = 500;

const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z._default(z.string(), '') }),
  items: z._default(z.nullable(z.array(z.unknown())), []),
});

export interface Pages {
  readonly selector: Selector;
  readonly page: (query: URLSearchParams) => Promise<unknown>;
}

/** Asks page by page, all as of the first; an object that cannot be read is named, not dropped. */
export async function listPages<T>(kind: ResourceKind<T>, { selector, page }: Pages): Promise<ObjectList<T>> {
  const items: T[] = [];
  const unreadable: Unreadable[] = [];
  let next = '';
  let resourceVersion = '';
  do {
    const query = selectorQuery(selector);
    query.set('limit', String(PAGE));
    if (next !== '') query.set('continue', next);
    const parsed = listSchema.safeParse(await page(query));
    if (!parsed.success)
      throw new KubernetesError('unexpected', `list ${kind.plural}: the answer is no list`);
    for (const raw of parsed.data.items ?? []) collect(kind, typed(kind, raw), items, unreadable);
    next = parsed.data.metadata.continue;
    resourceVersion = parsed.data.metadata.resourceVersion;
  } while (next !== '');
  return { items, unreadable, resourceVersion };
}

/** Items of a list come without kind and version. */
function typed(kind: ResourceKind<unknown>, raw: unknown): unknown {
  return typeof raw === 'object' && raw !== null
    ? { apiVersion: kind.apiVersion, kind: kind.kind, ...raw }
    : raw;
}

function collect<T>(kind: ResourceKind<T>, raw: unknown, items: T[], unreadable: Unreadable[]): void {
  try {
    items.push(kind.parse(raw));
  } catch (error) {
    if (!isKubernetesError(error)) throw error;
    unreadable.push({ name: nameIn(raw), problem: error.message });
  }
}
