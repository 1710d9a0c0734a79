import { parseVolumeId } from '../../desired/volume-id.ts';
import { CsiError, invalidArgument } from '../errors.ts';
import { parseName } from './name.ts';

/**
 * `own`: has the form this driver gives its ids, so it is safe in a path. `foreign`: harmless, but no volume of this
 * driver can have it; a call that looks it up has not found it, a call that removes it is done.
 */
export type VolumeRef =
  | { readonly kind: 'own'; readonly volumeId: string }
  | { readonly kind: 'foreign'; readonly volumeId: string };

/** Refuses what is missing or looks like a path; call it before any other field is looked at. */
export function parseVolumeRef(value: string, field = 'volume_id'): VolumeRef {
  const volumeId = parseName(field, value);
  if (/[/\\]/.test(volumeId) || volumeId === '.' || volumeId === '..') {
    throw invalidArgument(field, 'holds a path; an id that this driver gave never does');
  }
  return { kind: parseVolumeId(volumeId) === undefined ? 'foreign' : 'own', volumeId };
}

/** For calls that need the volume to be there; comes after the other fields, whose errors are the caller's to fix. */
export function requireOwn(ref: VolumeRef): string {
  if (ref.kind === 'own') return ref.volumeId;
  throw new CsiError(
    'not-found',
    `volume "${ref.volumeId}" does not exist; its id is not one that this driver gives`,
  );
}
