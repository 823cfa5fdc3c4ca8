/** Numbers and times as people read them. */

export function count(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(value >= 1e7 ? 0 : 1)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(value >= 1e5 ? 0 : 1)} k`;
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 10 ? 1 : 2);
}

export function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1_000)} µs`;
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return age(ms);
}

/** `42 s`, `3 min`, `2 h 5 min`, `4 d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}

export function percent(share: number): string {
  const value = share * 100;
  if (value === 0) return '0 %';
  if (value < 0.1) return '< 0.1 %';
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} %`;
}

/** `99.953 %`: never rounded up, so that what is not whole does not look whole. */
export function exactPercent(share: number): string {
  return `${Math.floor(share * 100_000 + 1e-6) / 1_000} %`;
}

/** `14:03:07`, with the date where it is not today's; both in the browser's zone. */
export function clockTime(ms: number, nowMs: number = Date.now()): string {
  const time = new Date(ms).toLocaleTimeString('en-GB');
  const date = dateOf(ms);
  return date === dateOf(nowMs) ? time : `${date} ${time}`;
}

/** `2026-11-21` */
function dateOf(ms: number): string {
  return new Date(ms).toLocaleDateString('sv-SE');
}

/** `1 line`, `2 lines` */
export function several(number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
}
