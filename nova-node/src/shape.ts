// What options may be: a table for each set of them, which the compiler holds against its type.

import { described, Invalid, Misuse, millis } from "./errors.js";

/** Refuses a value that is not of this kind, by its path. */
export interface Kind {
  (path: string, value: unknown): void;
  /** Whether it may not be left out. */
  needed?: true;
}

/** The kind of every option. */
export type Kinds<T> = { readonly [Name in keyof T]-?: Kind };

/** Refuses options that do not exist, and values of another kind, before anything is done with them. */
export function check<T extends object>(whose: string, kinds: Kinds<T>, options: T): void {
  if (!isObject(options)) throw misshapen("What is given is", "an object of options", options, listed("It has", kinds));
  look(kinds, options, "", `${whose} has`, "It has");
}

/** Options that lie below another one. */
export function inside<T extends object>(kinds: Kinds<T>): Kind {
  return (path, value) => {
    if (!isObject(value)) throw misshapen(`${quoted(path)} is`, "an object", value, listed("It has", kinds));
    look(kinds, value, `${path}.`, "There is", `${quoted(path)} has`);
  };
}

/** Makes a kind that may not be left out. */
export function needed(kind: Kind): Kind {
  return Object.assign((path: string, value: unknown) => kind(path, value), { needed: true as const });
}

function look(kinds: Readonly<Record<string, Kind>>, options: object, above: string, there: string, hint: string) {
  const given = new Map(Object.entries(options));
  for (const name of given.keys()) {
    if (!Object.hasOwn(kinds, name)) {
      const fields = { code: "options", hint: listed(hint, kinds) };
      throw new Misuse(`${there} no option ${quoted(above + name)}.`, fields);
    }
  }
  for (const [name, kind] of Object.entries(kinds)) {
    const value = given.get(name);
    if (value !== undefined && value !== null) kind(above + name, value);
    else if (kind.needed) throw new Misuse(`${quoted(above + name)} is missing.`, { code: "options" });
  }
}

/** A kind that is of use to one option only. */
export function kind(what: string, fits: (value: unknown) => boolean, hint?: string): Kind {
  return (path, value) => {
    if (!fits(value)) throw new Invalid(sentence(`${quoted(path)} is`, what, value), { code: "options", hint });
  };
}

/** A kind whose other values are a mistake about what the option is, not about its value. */
export function shape(what: string, fits: (value: unknown) => boolean, hint?: string): Kind {
  return (path, value) => {
    if (!fits(value)) throw misshapen(`${quoted(path)} is`, what, value, hint);
  };
}

/** One of these words. */
export const oneOf = (...words: string[]): Kind =>
  kind(`one of ${words.join(", ")}`, (value) => typeof value === "string" && words.includes(value));

/** A list of values of a kind. */
export function listOf(what: string, each: Kind): Kind {
  const list = shape(what, Array.isArray);
  return (path, value) => {
    list(path, value);
    for (const [at, one] of (value as unknown[]).entries()) each(`${path}[${at}]`, one);
  };
}

export const number = kind("a number", Number.isFinite);
export const whole = kind("a whole number, 0 or more", (value) => Number.isSafeInteger(value) && Number(value) >= 0);
export const text = kind("a string", (value) => typeof value === "string");
export const yesOrNo = kind("true or false", (value) => typeof value === "boolean");
export const texts = listOf("a list of strings", text);
/** Its names may be secrets, so that a sentence holds none of them. */
export const textsByName = shape(
  "an object of strings",
  (value) => isObject(value) && Object.values(value).every((each) => typeof each === "string"),
);
export const money = kind('decimal text such as "0.25"', (value) => typeof value === "string");
export const time: Kind = (path, value) => void millis(quoted(path), value);
export const act = shape("a function", (value) => typeof value === "function");
/** What is looked at elsewhere. */
export const anything: Kind = () => {};

/** Says whether it is an object that has options, and no list or function. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function misshapen(path: string, what: string, value: unknown, hint: string | undefined): Misuse {
  return new Misuse(sentence(path, what, value), { code: "options", hint });
}

function sentence(path: string, what: string, value: unknown): string {
  // Of a list or an object it is a part that does not fit.
  const but = described(value);
  return what.startsWith(but) ? `${path} ${what}.` : `${path} ${what}, not ${but}.`;
}

const listed = (has: string, kinds: object) => `${has} ${Object.keys(kinds).join(", ")}.`;
const quoted = (path: string) => `\`${path}\``;
