import { readFileSync } from 'node:fs';
import { parseCustomEngine } from '../clients/engine/custom-engine';
import type { Variant } from '../clients/engine/variant';
import { variants } from '../clients/engine/variants';
import { codeOf } from '../lib/errors';
import type { Variables } from './variables';

const CUSTOM = 'custom';

/**
 * The kind of engine that ENGINE_VARIANT or ENGINE_FILE names, with its name. Null if there is none; `mistakes` then
 * has the reason.
 */
export function engineVariant(
  values: Variables,
  given: Readonly<Record<string, string | undefined>>,
  mistakes: string[],
): { readonly variantName: string; readonly variant: Variant } | null {
  const variantName =
    values.ENGINE_FILE !== '' && given['ENGINE_VARIANT'] === undefined ? CUSTOM : values.ENGINE_VARIANT;
  const variant =
    variantName === CUSTOM
      ? customVariant(values.ENGINE_FILE, mistakes)
      : builtInVariant(variantName, values, mistakes);
  if (!variant) return null;
  return { variantName, variant: values.ENGINE_IMAGE === '' ? variant : { ...variant, image: values.ENGINE_IMAGE } };
}

function builtInVariant(name: string, values: Variables, mistakes: string[]): Variant | null {
  const builtIn = variants({ arm32: values.ENGINE_ARM32_VERSION, arm64: values.ENGINE_ARM64_VERSION });
  const variant = Object.hasOwn(builtIn, name) ? builtIn[name] : undefined;
  if (!variant) {
    const names = [...Object.keys(builtIn), CUSTOM].join(', ');
    mistakes.push(`ENGINE_VARIANT: expected one of ${names}, got '${name}'`);
    return null;
  }
  if (values.ENGINE_FILE === '') return variant;
  mistakes.push(`ENGINE_VARIANT: expected ${CUSTOM}, or nothing, because ENGINE_FILE is set, got '${name}'`);
  return null;
}

function customVariant(path: string, mistakes: string[]): Variant | null {
  if (path === '') {
    mistakes.push(
      `ENGINE_FILE: expected a file that describes the engine, because ENGINE_VARIANT=${CUSTOM}, got nothing`,
    );
    return null;
  }
  let json: string;
  try {
    json = readFileSync(path, 'utf8');
  } catch (error) {
    mistakes.push(`ENGINE_FILE: expected a file that can be read, got '${path}' (${codeOf(error) ?? String(error)})`);
    return null;
  }
  const engine = parseCustomEngine(json);
  if ('variant' in engine) return engine.variant;
  mistakes.push(...engine.mistakes.map((mistake) => `ENGINE_FILE ${path}: ${mistake}`));
  return null;
}
