/** A text file that may be read: not too large, and UTF-8. */
import { readFile, stat } from 'node:fs/promises';
import { MAX_FILE_BYTES } from './limits.ts';

/** The text without a byte order mark, or what keeps it from being read, as a sentence. */
export async function readTextFile(
  path: string,
): Promise<{ readonly text: string } | { readonly problem: string }> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES)
      return { problem: `it has ${size} bytes, and ${MAX_FILE_BYTES} at most are allowed` };
    const bytes = await readFile(path);
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { problem: 'it does not exist' };
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return { problem: 'it is not UTF-8' };
    return { problem: `it cannot be read: ${message}` };
  }
}
