import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

// The last line of a report is a comment with the hash of everything before it. A resumed run checks it:
// if it fits, the file is a report that nobody changed, and replacing it loses nothing.

const HEAD = '<!-- convfuse report, SHA-256 of what is above: ';
const TAIL = ' -->\n';
const SEAL_BYTES = HEAD.length + 64 + TAIL.length;
const READ_BYTES = 2 ** 20;

/** The bytes of a page, followed by its seal. */
export function* sealed(pieces: Iterable<string>): Generator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    hash.update(bytes);
    yield bytes;
  }
  yield Buffer.from(`${HEAD}${hash.digest('hex')}${TAIL}`);
}

/** Whether a file is a report that nobody changed since it was written. It never throws. */
export async function isSealed(file: string): Promise<boolean> {
  const careful = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, constants.O_RDONLY | careful);
    const stats = await handle.stat();
    const end = stats.size - SEAL_BYTES;
    if (!stats.isFile() || end < 0) return false;
    const seal = Buffer.alloc(SEAL_BYTES);
    await handle.read(seal, 0, SEAL_BYTES, end);
    // A file that does not end like a report need not be read.
    if (!seal.toString('latin1').startsWith(HEAD)) return false;
    const hash = createHash('sha256');
    const piece = Buffer.alloc(READ_BYTES);
    for (let at = 0; at < end;) {
      const { bytesRead } = await handle.read(piece, 0, Math.min(READ_BYTES, end - at), at);
      if (bytesRead === 0) return false;
      hash.update(piece.subarray(0, bytesRead));
      at += bytesRead;
    }
    return seal.toString('latin1') === `${HEAD}${hash.digest('hex')}${TAIL}`;
  } catch {
    return false;
  } finally {
    await handle?.close();
  }
}
