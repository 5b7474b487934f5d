/** A JSON object as it was read, whatever it holds. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const none: JsonObject = {};

/** The value if it is an object, else one without members. */
export function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : none;
}
