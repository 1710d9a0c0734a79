import path from 'node:path';
import { generateProtos } from './generate.ts';

await generateProtos(path.resolve(import.meta.dirname, '../../src/csi/gen'));
