import type { Selector } from './client.ts';

/** A selector as the API server's query parameters. */
export function selectorQuery({ labels = {}, fields = {} }: Selector): URLSearchParams {
  const query = new URLSearchParams();
  if (Object.keys(labels).length > 0) query.set('labelSelector', requirements(labels));
  if (Object.keys(fields).length > 0) query.set('fieldSelector', requirements(fields));
  return query;
}

function requirements(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
