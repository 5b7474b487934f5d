import { issue } from '#errors';
import { isObject, type JsonObject } from '#fhir/json/object.ts';
import { checkRule } from './overlay.ts';
import type { ProfileRules } from './profile.ts';
import type { ValidationWalk } from './walk.ts';

/** Checks what is in an extension against the definition that R4 publishes. */
export function checkExtension(
  { url, rules, nested }: ProfileRules,
  extension: JsonObject,
  path: string,
  walk: ValidationWalk,
): void {
  for (const rule of rules) checkRule(rule, extension, 'Extension', path, walk);
  const inner: readonly unknown[] = Array.isArray(extension.extension) ? extension.extension : [];
  inner.forEach((one, i) => {
    const name = isObject(one) ? one.url : undefined;
    // R4 extensibility.html: a relative url means something in the extension that defines it, and nowhere else.
    if (typeof name !== 'string' || name.includes(':') || nested.length === 0 || nested.includes(name)) return;
    const details = { target: `The url of an extension in ${url}`, found: name, expected: nested.join(' or ') };
    walk.add(issue('bad-element-value', details, `${path}.extension[${i}].url`));
  });
}
