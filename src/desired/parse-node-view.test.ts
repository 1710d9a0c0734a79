import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryView } from '../../test/builders/arbitrary-view.ts';
import { nodeView } from '../../test/builders/node-view.ts';
import { parseNodeView } from './parse-node-view.ts';

test('property: a view comes out as it went in', () => {
  fc.assert(
    fc.property(arbitraryView, (view) => {
      expect(parseNodeView(JSON.stringify(view))).toEqual(view);
    }),
  );
});

test.each([
  { name: 'not JSON', json: '{', message: /not JSON/ },
  { name: 'nothing', json: '', message: /not JSON/ },
  { name: 'another thing', json: '[]', message: /view: / },
  {
    name: 'a relative directory',
    json: JSON.stringify(nodeView({ hostDataDir: 'data' })),
    message: /hostDataDir: must be an absolute path/,
  },
  { name: 'no store', json: JSON.stringify(nodeView({ storeId: '' })), message: /storeId: / },
  {
    name: 'a budget in words',
    json: JSON.stringify({ ...nodeView(), budgetMs: 'long' }),
    message: /budgetMs: /,
  },
])('refuses $name', ({ json, message }) => {
  expect(() => parseNodeView(json)).toThrow(message);
});
