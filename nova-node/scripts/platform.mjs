/** What the packages of this platform are called by: `linux-x64-gnu`. As in native.cjs, which is given away alone. */
export function platform() {
  if (process.platform !== "linux") return `${process.platform}-${process.arch}`;
  return `linux-${process.arch}-${process.report.getReport().header.glibcVersionRuntime ? "gnu" : "musl"}`;
}
