/** How an error is named in a list: its type, and what it says. Its title may begin with the type, which is not written twice. */
import type { ErrorGroup } from '../../../src/errors/error-group.ts';

export function ErrorName({ type, title }: Pick<ErrorGroup, 'type' | 'title'>) {
  const message = withoutType(type, title);
  return (
    <>
      {type && <b>{message ? `${type}: ` : type}</b>}
      {message}
    </>
  );
}

export function withoutType(type: string, title: string): string {
  if (title === type) return '';
  return title.startsWith(`${type}: `) ? title.slice(type.length + 2) : title;
}
