// What is known of the models: a dated catalogue, the same in every language.

import { native } from "./native.js";

/** A voice; `id` is what goes into `voice`. */
export interface Voice {
  id: string;
  gender: string;
  locales: string[];
  /** Whether it speaks every language of the model. */
  polyglot: boolean;
}

/** A speech model and its published facts; null where nothing is published. */
export interface Model {
  id: string;
  name: string;
  released: string | null;
  endOfLife: string | null;
  replacement: string | null;
  languages: string[];
  features: string[];
  voices: Voice[];
  sessionSeconds: number;
  /** Trillionths of a US dollar a token. */
  picoDollarsPerToken: {
    speechIn: number | null;
    textIn: number | null;
    speechOut: number | null;
    textOut: number | null;
  };
}

/** Returns the speech models of the built-in catalogue. */
export function models(): Model[] {
  return JSON.parse(native.models()).map(modelOf);
}

/** Returns the voices of a model; of all models when none is named. */
export function voices(model?: string): Voice[] {
  const of = models().filter((each) => model === undefined || each.id === model);
  return [...new Map(of.flatMap((each) => each.voices.map((voice) => [voice.id, voice] as const))).values()];
}

// biome-ignore lint/suspicious/noExplicitAny: the library's own JSON
function modelOf(facts: any): Model {
  const prices = facts.picoDollarsPerToken;
  return {
    id: facts.id,
    name: facts.name,
    released: facts.released ?? null,
    endOfLife: facts.endOfLife ?? null,
    replacement: facts.replacement ?? null,
    languages: facts.languages,
    features: facts.features,
    // biome-ignore lint/suspicious/noExplicitAny: as above
    voices: facts.voices.map(({ id, gender, locales, reach }: any) => ({
      id,
      gender,
      locales,
      polyglot: reach === "polyglot",
    })),
    sessionSeconds: facts.limits.sessionSeconds,
    picoDollarsPerToken: {
      speechIn: prices.speechIn ?? null,
      textIn: prices.textIn ?? null,
      speechOut: prices.speechOut ?? null,
      textOut: prices.textOut ?? null,
    },
  };
}
