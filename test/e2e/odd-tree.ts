/** A tree with what users' trees have: deep paths, links of both kinds, modes, owners, FIFOs, odd names and times. */
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
     echo x > one-name; ln one-name other-name; ln one-name ${deep}/third-name
     echo x > set-id; chmod 6755 set-id
     mkdir sticky set-group; chmod 1777 sticky; chmod 2775 set-group
     mkfifo fifo
     touch -d '2002-03-04 05:06:07' sticky set-group empty-directory ${deep}
     sync`,
    options,
  );
}

/**
 * Everything that has to arrive, a line an entry: type, mode, owner, size and mtime of files, how many names they have,
 * mtime of directories, target of links, content. Sizes of directories are the filesystem's own.
 */
export async function readTree(kube: Kube, options: ExecOptions): Promise<readonly string[]> {
  const printed = await shell(
    kube,
    `cd /data
     find . -mindepth 1 -type d -exec stat -c '%F %a %u:%g %Y %n' {} +
     find . -type f -exec stat -c '%F %a %u:%g %h %s %Y %n' {} +
     find . -type p -exec stat -c '%F %a %u:%g %n' {} +
     find . -type l | while read -r link; do echo "link $link -> $(readlink "$link")"; done
     find . -type f -print0 | xargs -0 -r sha256sum`,
    { timeoutMs: 240_000, ...options },
  );
  return printed
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}
