/** One index that apt reads: where it comes from and of which distribution it is. */
export type PackageIndex = {
  readonly mirror: string;
  /** Codename, such as `bookworm`. */
  readonly suite: string;
  readonly component: string;
  /** The file of /etc/apt that names it. */
  readonly file: string;
};

/** Where debootstrap gets packages from, and the keys that prove them. */
export type PackageSource = { readonly mirror: string; readonly suite: string; readonly keyring: string };

/** Format for `apt-get indextargets --format`, one index a line, read by `parsePackageIndexes`. */
export const INDEX_FORMAT = '$(SITE)|$(CODENAME)|$(COMPONENT)|$(SOURCESENTRY)';

/** Reads what apt-get indextargets printed. An index that was never fetched has no codename and is left out. */
export function parsePackageIndexes(text: string): readonly PackageIndex[] {
  return text.split('\n').flatMap((line) => {
    const [mirror = '', suite = '', component = '', entry = ''] = line.split('|');
    if (mirror === '' || suite === '' || suite.startsWith('$(')) return [];
    return [{ mirror, suite, component, file: entry.replace(/:\d+$/, '') }];
  });
}

/** The index that has the distribution's essential packages: component main of the release itself. */
export function findMainIndex(indexes: readonly PackageIndex[], codename: string): PackageIndex | undefined {
  return indexes.find((index) => index.suite === codename && index.component === 'main');
}

/** The keyring that a sources file (deb822, or one line an entry) names for a mirror; undefined where it names no file. */
export function findKeyring(sources: string, mirror: string): string | undefined {
  const entries = /^URIs:/im.test(sources) ? sources.split(/\n\s*\n/) : sources.split('\n');
  const entry = entries.find((candidate) => candidate.includes(mirror.replace(/\/$/, '')));
  return /signed-by\s*[:=]\s*(\/[^\s\],]+\.(?:gpg|pgp))/i.exec(entry ?? '')?.[1];
}

/** Reads one variable of /etc/os-release. */
export function readOsRelease(text: string, name: 'ID' | 'VERSION_CODENAME'): string | undefined {
  return new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1];
}
