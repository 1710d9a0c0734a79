import path from 'node:path';
import { bundlePrograms } from './bundle.ts';

/** `node tools/bundle/main.ts [directory]`: into dist/ unless told otherwise. */
const outDir = path.resolve(process.argv[2] ?? path.resolve(import.meta.dirname, '../../dist'));
for (const { name, bytes, packages } of await bundlePrograms(outDir)) {
  const largest = packages.slice(0, 5).map((part) => `${part.name} ${kib(part.bytes)}`);
  process.stdout.write(`${name.padEnd(16)} ${kib(bytes).padStart(9)}  ${largest.join(', ')}\n`);
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}
