import fc from 'fast-check';
import { expect, test } from 'vitest';
import { elementText, escapeXml, xmlChildren } from './xml-children.ts';

test('children keep their text as it stands', () => {
  const folder = '<folder id="a>b" path="/x">\n  <device id="1"/><!-- </folder> -->\n</folder>';
  const root = xmlChildren(
    `<?xml version="1.0"?>\n<configuration version="37">\n${folder}<gui/></configuration>\n`,
  );
  expect(root).toEqual({
    name: 'configuration',
    openTag: '<configuration version="37">',
    children: [
      { name: 'folder', text: folder },
      { name: 'gui', text: '<gui/>' },
    ],
  });
});

test.each([
  ['empty', ''],
  ['cut in a tag', '<configuration><folder id="a'],
  ['cut between tags', '<configuration><folder></folder>'],
  ['crossed', '<a><b></a></b>'],
  ['two roots', '<a/><b/>'],
  ['text behind', '<a></a>x'],
  ['text before', 'x<a></a>'],
  ['stray angle', '<a>1 < 2</a>'],
  ['closing first', '</a>'],
  ['zeros after a power cut', '\0'.repeat(4096)],
])('%s is not a document', (_name, xml) => {
  expect(xmlChildren(xml)).toBeUndefined();
});

test('a document cut anywhere before its end is never taken for a whole one', () => {
  const xml = '<configuration version="37"><folder id="a"><x>1</x></folder><gui/></configuration>';
  for (let length = 0; length < xml.length; length += 1) {
    expect(xmlChildren(xml.slice(0, length))).toBeUndefined();
  }
});

test('property: any escaped text survives as one child', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const child = `<x y="${escapeXml(text)}">${escapeXml(text)}</x>`;
      expect(xmlChildren(`<r>${child}</r>`)?.children).toEqual([{ name: 'x', text: child }]);
    }),
  );
});

test.each([
  ['<a>x</a>', 'x'],
  ['<a b="c"> x </a >', ' x '],
  ['<a/>', ''],
  ['<a></a>', ''],
  ['<a>&#116;r&#x75;e &lt;&amp;&quot;</a>', 'true <&"'],
  ['<a><b/></a>', undefined],
  ['<a>x<!-- y --></a>', undefined],
  ['<a><![CDATA[x]]></a>', undefined],
  ['<a>&unknown;</a>', undefined],
  ['<a>a & b</a>', undefined],
])('the text of %s is %j', (element, text) => {
  expect(elementText(element)).toBe(text);
});

test('property: any escaped text is read back', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(elementText(`<x>${escapeXml(text)}</x>`)).toBe(text);
    }),
  );
});
