/** A button that asks the server to change something: it cannot be pressed twice, and says what went wrong. */
import { useState } from 'preact/hooks';
import { ask } from '../../shared/server.ts';

interface Props {
  readonly label: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly isDisabled?: boolean;
  readonly why?: string | undefined;
  readonly onDone: () => void;
}

export function Action({ label, path, method = 'POST', body = {}, isDisabled = false, why, onDone }: Props) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  async function act(): Promise<void> {
    setBusy(true);
    setError(undefined);
    try {
      await ask(path, { method, body });
      onDone();
    } catch (thrown) {
      setError(thrown as Error);
    } finally {
      setBusy(false);
    }
  }
  return (
    <>
      <button type="button" disabled={isBusy || isDisabled} title={why} onClick={act}>
        {label}
      </button>
      {error && (
        <span role="alert" class="is-down">
          {error.message}
        </span>
      )}
    </>
  );
}
