/** Times and durations for people, who live in one zone: that of this terminal, or one that is named. */

/** `2026-11-20 12:00:00 CET`, in the zone of this terminal, or another one. */
export function localTime(iso: string, zone?: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    dateStyle: 'short',
    timeStyle: 'medium',
    ...(zone !== undefined && { timeZone: zone }),
  });
  const name = new Intl.DateTimeFormat('en-GB', {
    timeZoneName: 'short',
    ...(zone !== undefined && { timeZone: zone }),
  })
    .formatToParts(new Date(iso))
    .find(({ type }) => type === 'timeZoneName')!.value;
  return `${format.format(new Date(iso))} ${name}`;
}

/** `3 s`, `12 min`, `5 h`, `9 d`; `-` for none. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '-';
  if (seconds < 120) return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
