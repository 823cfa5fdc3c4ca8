/** Command-line arguments as settings. What an argument means depends on the setting that asks for it (only a
 * switch may stand alone), so the list is kept as it came and each setting picks its own out of it; what
 * nobody picked in the end was mistyped. Nothing after `--` is looked at. */

/** Why an argument cannot be used, as the end of a sentence that begins with the setting's name. */
export interface ArgumentProblem {
  readonly problem: string;
}

export interface Arguments {
  /** The values given by `--flag=value` or `--flag value`, in order; undefined when the flag is absent. A switch
   * stands for `true` when it is alone, and `--no-flag` for `false`. */
  take(flag: string, isSwitch: boolean): readonly string[] | ArgumentProblem | undefined;
  /** Flags that nothing has taken so far, with their dashes. */
  unclaimed(): string[];
}

export function argumentList(argv: readonly string[]): Arguments {
  const end = argv.indexOf('--');
  const tokens = end < 0 ? argv : argv.slice(0, end);
  const claimed = new Set<number>();

  return {
    take(flag, isSwitch) {
      const values: string[] = [];
      for (const [index, token] of tokens.entries()) {
        if (token.startsWith(`--${flag}=`)) {
          values.push(token.slice(flag.length + 3));
        } else if (isSwitch && (token === `--${flag}` || token === `--no-${flag}`)) {
          values.push(String(token === `--${flag}`));
        } else if (token === `--${flag}`) {
          const value = tokens[index + 1];
          claimed.add(index);
          if (value === undefined || value.startsWith('--'))
            return { problem: `needs a value: write --${flag}=<value>` };
          claimed.add(index + 1);
          values.push(value);
        } else {
          continue;
        }
        claimed.add(index);
      }
      return values.length > 0 ? values : undefined;
    },
    unclaimed: () =>
      tokens
        .filter((token, index) => token.startsWith('--') && !claimed.has(index))
        .map((token) => token.split('=', 1)[0]!),
  };
}
