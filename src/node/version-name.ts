/** PURE: the names under which Syncthing keeps versions of files, `dir/name~20060102-150405.ext`. */
export interface FileVersion {
  /** Under `.stversions`. */
  readonly file: string;
  /** Relative to the folder's root. */
  readonly name: string;
  /** When it was put there, by that node's clock; later ones sort after earlier ones. */
  readonly stamp: string;
}

const VERSION = /^(?<stem>.*)~(?<stamp>\d{8}-\d{6})(?<extension>\.[^./]*)?$/su;

/** Undefined for what is no version. */
export function versionOf(file: string): FileVersion | undefined {
  const { stem, stamp, extension = '' } = VERSION.exec(file)?.groups ?? {};
  return stem === undefined || stamp === undefined ? undefined : { file, name: `${stem}${extension}`, stamp };
}
