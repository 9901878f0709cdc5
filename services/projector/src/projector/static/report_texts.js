// Numbers and times as people read them. Money comes as texts in minor units and is never put through a float.

const places = (currency) =>
  currency === "XXX" ? 2 : new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;

/** Give minor units, a text, as an exact decimal text of the currency's main unit. */
export function major(minor, currency) {
  const digits = places(currency);
  const whole = minor.split(".")[0], negative = whole.startsWith("-");
  const padded = (negative ? whole.slice(1) : whole).padStart(digits + 1, "0");
  const cut = padded.length - digits;
  return (negative ? "-" : "") + padded.slice(0, cut) + (digits ? `.${padded.slice(cut)}` : "");
}

/** Give minor units as money, `€1,234.50`. */
export function money(minor, currency) {
  const text = major(minor, currency);
  return currency === "XXX" ? text : new Intl.NumberFormat(undefined, { style: "currency", currency }).format(text);
}

/** Add decimal texts of whole numbers, exactly. */
export const sum = (texts) => texts.reduce((total, text) => total + BigInt(text.split(".")[0]), 0n).toString();

export const count = (number) => new Intl.NumberFormat().format(number);

/** Give seconds as `4 min 10 s`. */
export function span(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Give a row's step: a business day, or an hour in this device's time zone. */
export function step(row) {
  if (row.day) return new Date(`${row.day}T00:00:00Z`).toLocaleDateString(undefined, { timeZone: "UTC", dateStyle: "medium" });
  return new Date(row.hour).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
}

/** Give a step's place on the axis, in seconds since 1970. Days stand at their midnight, UTC. */
export const secondsOf = (row) => Date.parse(row.day ? `${row.day}T00:00:00Z` : row.hour) / 1000;
