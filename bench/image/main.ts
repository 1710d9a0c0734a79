import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterPaths } from '../../tools/cluster/cluster-paths.ts';
import { writeBenchImage } from './bench-image.ts';

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { images, bin } = clusterPaths(checkout);
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const archive = await writeBenchImage({ images, bin, architecture }, AbortSignal.timeout(120_000));
process.stdout.write(`${archive}\n`);
