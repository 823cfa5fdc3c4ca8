/** What the YAML parser has against a text, in words that say what would be right. */
import type { YAMLParseError, YAMLWarning } from 'yaml';
import { MAX_DEPTH } from '../limits.ts';

const SENTENCES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab stands here: YAML is indented by spaces',
  MULTIPLE_DOCS: 'a second document begins here: give it a file of its own',
  RESOURCE_EXHAUSTION: `it is nested deeper than ${MAX_DEPTH} levels`,
  BLOCK_AS_IMPLICIT_KEY:
    'a key stands within a value: put the value in quotes, or the key on a line of its own',
  MULTILINE_IMPLICIT_KEY: 'a key has to end in its line, with a colon and a space',
  MISSING_CHAR: 'something that was opened before is not closed: a quote, a bracket, or a colon is missing',
  BAD_SCALAR_START: 'a text that begins with @, % or ` has to be in quotes',
  BAD_ALIAS: 'an anchor or alias needs a name: &base, *base',
  BAD_INDENT: 'the indentation fits to nothing above it',
  BAD_DIRECTIVE: 'a line that begins with % is a directive: put it in quotes',
  UNEXPECTED_TOKEN:
    'nothing more is expected here: a text with {, [, #, & or * at its beginning has to be in quotes',
  KEY_OVER_1024_CHARS: 'a key has at most 1,024 characters',
  TAG_RESOLVE_FAILED: 'tags such as !this mean nothing here: leave them out',
};

export function yamlMistake({ code, message }: YAMLParseError | YAMLWarning): string {
  return SENTENCES[code] ?? `this is no YAML: ${message}`;
}
