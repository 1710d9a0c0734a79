import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pages } from './pages.ts';

/** Writes the tables of inputs into the READMEs of chart and module; a unit test says when that was forgotten. */
const checkout = path.resolve(import.meta.dirname, '../..');
for (const { file, now, wanted } of pages(checkout)) {
  if (now === wanted) continue;
  writeFileSync(path.join(checkout, file), wanted);
  process.stdout.write(`wrote ${file}\n`);
}
