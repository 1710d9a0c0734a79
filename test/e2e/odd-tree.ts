/** A tree with what users' trees have: deep paths, links, modes, owners, empty and large files, odd names. */
import { shell, type ExecOptions, type Kube } from '../../tools/kube/kube.ts';

/** `tag` makes the content differ from call to call. */
export async function writeOddTree(kube: Kube, tag: string, options: ExecOptions): Promise<void> {
  const deep = Array.from({ length: 20 }, (_, level) => `level${level}`).join('/');
  await shell(
    kube,
    `cd /data; rm -rf "./${tag}"; mkdir "${tag}"; cd "${tag}"
     mkdir -p ${deep} empty-directory
     echo "${tag} deep" > ${deep}/file
     : > empty-file
     head -c 20971520 /dev/urandom > large-file
     printf '%s' "${tag}" > "name with  spaces, ünïcode and 'quotes'"
     ln -s large-file link-to-file
     ln -s ../nowhere dangling-link
     ln -s ${deep} link-to-directory
     echo x > private; chmod 0600 private
     echo x > executable; chmod 0755 executable
     echo x > read-only; chmod 0444 read-only
     echo x > owned; chown 1234:5678 owned
     mkdir owned-directory; chown 4321:8765 owned-directory; chmod 0750 owned-directory
     touch -d '2001-02-03 04:05:06' old-file
     sync`,
    options,
  );
}

/**
 * Everything that has to arrive, a line an entry: type, mode, owner, size and mtime of files, target of links, content.
 * Times of directories and links are not carried (docs/limitations.md).
 */
export async function readTree(kube: Kube, options: ExecOptions): Promise<readonly string[]> {
  const printed = await shell(
    kube,
    `cd /data
     find . -mindepth 1 -type d -exec stat -c '%F %a %u:%g %n' {} +
     find . -type f -exec stat -c '%F %a %u:%g %s %Y %n' {} +
     find . -type l | while read -r link; do echo "link $link -> $(readlink "$link")"; done
     find . -type f -print0 | xargs -0 -r sha256sum`,
    { timeoutMs: 240_000, ...options },
  );
  return printed
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}
