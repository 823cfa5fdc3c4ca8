/** Whether what the client has is what it would get (RFC 9110, section 13.1.2): a list of tags, weak ones count too. */
export function isFresh(ifNoneMatch: string | null, tag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.split(',').some((candidate) => {
    const text = candidate.trim();
    return text === '*' || text.replace(/^W\//, '') === `"${tag}"`;
  });
}
