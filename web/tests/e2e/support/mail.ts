// The mail that the service would send: without a mail server it writes it into a folder.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { World } from './test';

/** All mails to this person, the oldest first, with their headers. */
export async function mailTo(world: World, to: string): Promise<string[]> {
  const folder = join(world.server.folder, 'mail');
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.eml'));
  const mails = await Promise.all(files.sort().map(async (file) => readFile(join(folder, file), 'utf8')));
  return mails.filter((mail) => new RegExp(`^To: .*${to}`, 'im').test(mail)).map(readable);
}

/** Quoted-printable, whose soft line ends may stand in the middle of a link. */
function readable(mail: string): string {
  const bytes = mail.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
