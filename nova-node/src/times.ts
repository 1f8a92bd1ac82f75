/** Writes milliseconds as the library's configuration has a time. */
export function duration(ms: number): { secs: number; nanos: number } {
  const secs = Math.floor(ms / 1e3);
  return { secs, nanos: Math.min(Math.round((ms - secs * 1e3) * 1e6), 999_999_999) };
}
