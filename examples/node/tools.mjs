// Tools that every call has.

import { tool } from "bedrock-nova";

/** Oslo → Europe/Oslo, for the cities after which time zones are called. */
const ZONES = new Map(
  Intl.supportedValuesOf("timeZone").map((zone) => [zone.split("/").at(-1).replaceAll("_", " ").toLowerCase(), zone]),
);
const DAY_MS = 86_400_000;

const getTime = tool({
  name: "get_time",
  description: "Tells what time it is in a city.",
  input: object({ city: { type: "string", description: "The nearest large city, in English." } }),
  run({ city }) {
    const zone = ZONES.get(city.trim().toLowerCase());
    if (zone === undefined) throw new Error(`No time zone is called after ${city}; try the capital.`);
    return { time: new Date().toLocaleTimeString("en-GB", { timeZone: zone, timeStyle: "short" }) };
  },
});

const daysUntil = tool({
  name: "days_until",
  description: "Counts the days from today to a date; negative if it is over.",
  input: object({ day: { type: "string", description: "A date as YYYY-MM-DD." } }),
  run({ day }) {
    const days = (Date.parse(day) - Date.parse(new Date().toISOString().slice(0, 10))) / DAY_MS;
    if (!Number.isInteger(days)) throw new Error(`${day} is no date.`);
    return { days };
  },
});

export const tools = [getTime, daysUntil];

function object(properties) {
  return { type: "object", properties, required: Object.keys(properties) };
}
