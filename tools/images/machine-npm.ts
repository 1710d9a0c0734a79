import { delimiter, join } from 'node:path';
import type { ImageContext } from './image-context.ts';

/**
 * PATH without the checkout's own node_modules/.bin. npm finds its global settings beside the Node it runs in, and only
 * the machine's Node has the machine's settings beside it.
 */
export function machinePath(context: Pick<ImageContext, 'checkout' | 'environment'>): string {
  const own = join(context.checkout, 'node_modules/.bin');
  const folders = (context.environment['PATH'] ?? '').split(delimiter);
  return folders.filter((folder) => folder !== own).join(delimiter);
}
