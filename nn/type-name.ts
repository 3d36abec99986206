import type { AnyModule } from "./module";

/** What messages and tables call a module. */
export function typeNameOf(module: AnyModule): string {
  const { typeName, name } = module.constructor as unknown as { typeName: string; name: string };
  return typeName || name;
}
