/** The error that lists every wrong setting at once: each with its name, what is wrong, what would be right, and
 * where the value came from.
 *
 *   payments cannot start: 2 settings are wrong
 *     ACQUIRER_URL   "acquirer.example" is not a URL (try https://acquirer.example)     from environment
 *     ACQUIRER_KEY   is missing: put it in a file and set ACQUIRER_KEY_FILE, or mount /run/secrets/acquirer_key
 */
import { GoblinError } from '../errors.ts';
import { isSensitiveKey } from '../log/redact.ts';

export interface SettingFault {
  /** `ACQUIRER_URL`, or the argument `--aquirer-url` that no setting has. */
  readonly setting: string;
  /** What is wrong and what would be right, continuing a sentence that begins with the setting. */
  readonly message: string;
  /** Where the value came from; absent when there is none. */
  readonly from?: string;
}

const MAX_SHOWN = 60;

export function configError(service: string, faults: readonly SettingFault[]): GoblinError {
  const width = Math.max(...faults.map((fault) => fault.setting.length));
  const lines = faults.map(({ setting, message, from }) => {
    const source = from === undefined ? '' : `     from ${from}`;
    return `\n  ${setting.padEnd(width)}   ${message}${source}`;
  });
  const count = faults.length === 1 ? '1 setting is' : `${faults.length} settings are`;
  return new GoblinError('CONFIG_INVALID', {
    message: `${service} cannot start: ${count} wrong${lines.join('')}`,
    data: { settings: faults },
  });
}

/** The text of a setting as an error may show it: short, and without what looks like a password. */
export function shown(name: string, text: string): string {
  if (isSensitiveKey(name)) return 'its value (not shown)';
  const masked = text.replace(/\/\/[^/@\s]*@/, '//[secret]@');
  return JSON.stringify(masked.length > MAX_SHOWN ? `${masked.slice(0, MAX_SHOWN)}…` : masked);
}
