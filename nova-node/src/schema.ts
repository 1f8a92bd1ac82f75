// What a tool takes: a Standard Schema (zod, valibot, arktype and others), or JSON Schema.

import { Misuse } from "./errors.js";

/** A schema of any library that follows Standard Schema, version 1. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What such a schema says of a value. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<StandardIssue> };

/** What is wrong with a value, and where. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/** The type that a schema's values have once they are checked. */
export type OutputOf<S> = S extends StandardSchema<unknown, infer Output> ? Output : never;

/** A JSON Schema, draft 2020-12, of an object. */
// biome-ignore lint/suspicious/noExplicitAny: a schema may say anything
export type JsonSchema = { readonly [keyword: string]: any };

/** Why arguments are not what a tool takes: a sentence for the model. */
export class WrongArguments extends Error {}

/** Says whether it is a Standard Schema. */
export function isStandard(schema: StandardSchema | JsonSchema): schema is StandardSchema {
  return "~standard" in schema;
}

/** Checks arguments, or throws `WrongArguments` for the model. */
export async function checked(schema: StandardSchema | JsonSchema, value: unknown): Promise<unknown> {
  if (!isStandard(schema)) {
    const wrong = fault(schema, value, "");
    if (wrong !== undefined) throw new WrongArguments(wrong);
    return value;
  }
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  throw new WrongArguments(result.issues.map(told).join(" "));
}

/** Returns the JSON Schema that the model is told. */
export function jsonSchemaOf(
  tool: string,
  schema: StandardSchema | JsonSchema,
  given: JsonSchema | undefined,
): JsonSchema {
  if (given !== undefined) return given;
  if (!isStandard(schema)) return schema;
  const made = ofStandard(schema);
  if (made !== undefined) return made;
  throw new Misuse(`The tool ${tool} has a schema of ${schema["~standard"].vendor} that gives no JSON Schema.`, {
    code: "tools",
    hint: "Give the JSON Schema beside it as inputSchema; for valibot wrap the schema in toStandardJsonSchema.",
  });
}

type Converter = (options: { target: string }) => JsonSchema;

function ofStandard(schema: StandardSchema): JsonSchema | undefined {
  const standard = schema["~standard"] as unknown as { jsonSchema?: { input?: Converter } };
  if (typeof standard.jsonSchema?.input === "function") {
    return standard.jsonSchema.input({ target: "draft-2020-12" });
  }
  const own = schema as unknown as { toJSONSchema?: () => JsonSchema; toJsonSchema?: () => JsonSchema };
  return own.toJSONSchema?.() ?? own.toJsonSchema?.();
}

function told({ message, path }: StandardIssue): string {
  const where = (path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  return where === "" ? message : `${where}: ${message}`;
}

/**
 * Says what is wrong with a value by the keywords that schemas of tools are made of: type, enum, const, properties,
 * required, additionalProperties, items, and bounds of numbers, texts and lists. Others are the tool's own to look at.
 */
function fault(schema: JsonSchema, value: unknown, where: string): string | undefined {
  const name = where === "" ? "the arguments" : where;
  const types: unknown[] = schema["type"] === undefined ? [] : [schema["type"]].flat();
  if (types.length > 0 && !types.some((type) => isOf(type, value))) {
    return `${name}: this is ${kindOf(value)}, not ${types.join(" or ")}`;
  }
  const allowed: unknown[] | undefined = "const" in schema ? [schema["const"]] : schema["enum"];
  if (allowed !== undefined && !allowed.some((each) => JSON.stringify(each) === JSON.stringify(value))) {
    return `${name}: this is none of ${allowed.map((each) => JSON.stringify(each)).join(", ")}`;
  }
  if (typeof value === "number") return outside(name, value, schema["minimum"], schema["maximum"], "");
  if (typeof value === "string") {
    return outside(name, value.length, schema["minLength"], schema["maxLength"], "its length ");
  }
  if (Array.isArray(value)) {
    const items: JsonSchema = schema["items"] ?? {};
    const wrong = value.map((each, at) => fault(items, each, `${where}[${at}]`)).find((each) => each !== undefined);
    return wrong ?? outside(name, value.length, schema["minItems"], schema["maxItems"], "its length ");
  }
  return typeof value === "object" && value !== null ? faultInside(schema, value, where) : undefined;
}

function faultInside(schema: JsonSchema, value: object, where: string): string | undefined {
  const path = (field: string) => (where === "" ? field : `${where}.${field}`);
  const properties: Record<string, JsonSchema> = schema["properties"] ?? {};
  const missing = (schema["required"] ?? []).find((field: string) => !(field in value));
  if (missing !== undefined) return `${path(missing)}: this is missing`;
  for (const [field, each] of Object.entries(value)) {
    const known = Object.hasOwn(properties, field) ? properties[field] : undefined;
    if (known === undefined && schema["additionalProperties"] === false) return `${path(field)}: nobody knows this`;
    const wrong = known === undefined ? undefined : fault(known, each, path(field));
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function outside(name: string, size: number, least: unknown, most: unknown, what: string): string | undefined {
  if (typeof least === "number" && size < least) return `${name}: ${what}${size} is less than ${least}`;
  if (typeof most === "number" && size > most) return `${name}: ${what}${size} is more than ${most}`;
  return undefined;
}

function isOf(type: unknown, value: unknown): boolean {
  const kind = kindOf(value);
  return kind === type || (type === "integer" && Number.isInteger(value)) || (type === "number" && kind === "integer");
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
}
