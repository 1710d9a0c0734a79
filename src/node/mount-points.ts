import { createMountPoint, removeMountPoint } from '../mount/mount-point.ts';

/** The directories that volumes are mounted over; a test without privileges has its own. */
export interface MountPoints {
  /** Makes an empty directory that is not writable by itself (handoff rule 10). */
  create(target: string): Promise<void>;
  /** Gone already is fine; files in it are not. */
  remove(target: string): Promise<void>;
}

export const realMountPoints: MountPoints = { create: createMountPoint, remove: removeMountPoint };
