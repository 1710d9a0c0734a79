import { shortHash } from '../desired/volume-id.ts';

/** The instance that a resource belongs to: two drivers in one namespace never touch each other's. */
const DRIVER_LABEL = 'syncthing-csi.io/driver';
const VOLUME_LABEL = 'syncthing-csi.io/volume';
const NODE_LABEL = 'syncthing-csi.io/node';

/** On the CSIDriver: the namespace of the instance that it belongs to. */
export const NAMESPACE_ANNOTATION = 'syncthing-csi.io/namespace';

const MAX_VALUE = 63;

/** A name as a label's value; one that is too long for a label is replaced by its hash. */
export function labelValue(name: string): string {
  return name.length <= MAX_VALUE ? name : `h-${shortHash(name, 40)}`;
}

/** The labels that every resource of an instance carries; a replica has its volume's and its node's as well. */
export function labelsOf(
  driver: string,
  owner: { readonly volume?: string; readonly node?: string } = {},
): Record<string, string> {
  return {
    [DRIVER_LABEL]: labelValue(driver),
    ...(owner.volume === undefined ? {} : { [VOLUME_LABEL]: labelValue(owner.volume) }),
    ...(owner.node === undefined ? {} : { [NODE_LABEL]: labelValue(owner.node) }),
  };
}

/** The driver of a resource as its label has it, to be compared with `labelValue(name)`. */
export function driverLabelOf(labels: Readonly<Record<string, string>>): string | undefined {
  return labels[DRIVER_LABEL];
}
