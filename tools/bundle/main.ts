import path from 'node:path';
import { bundlePrograms } from './bundle.ts';
import { SBOM_FILE, writeSbom } from './sbom.ts';

/** `node tools/bundle/main.ts [directory]`: into dist/ unless told otherwise. */
const checkout = path.resolve(import.meta.dirname, '../..');
const outDir = path.resolve(process.argv[2] ?? path.join(checkout, 'dist'));
for (const { name, bytes, packages } of await bundlePrograms(outDir)) {
  const largest = packages.slice(0, 5).map((part) => `${part.name} ${kib(part.bytes)}`);
  process.stdout.write(`${name.padEnd(16)} ${kib(bytes).padStart(9)}  ${largest.join(', ')}\n`);
}
await writeSbom(checkout, path.join(outDir, SBOM_FILE));

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}
