// Parsing and checking command-line options.

import { type ParseArgsConfig, parseArgs } from "node:util";

/** The command line was not understood: exit status 2. */
export class UsageError extends Error {}

/** One option of a command. */
export interface OptionSpec {
  type: "string" | "boolean";
  /** Shown in the help; strings without a default are optional. */
  default?: string;
  about: string;
  /** What stands for the value in the help. */
  value?: string;
}

export type OptionSpecs = Record<string, OptionSpec>;

export interface ParsedOptions {
  positionals: string[];
  /** The option's text, or its default. */
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** True when the option is in the arguments, and its value no default. */
  given(name: string): boolean;
  /** A number within bounds. */
  number(name: string, low: number, high: number): number;
  integer(name: string, low: number, high: number): number;
  /** One of the choices. */
  choice<T extends string>(name: string, choices: readonly T[]): T;
}

/** Parses the arguments; unknown options and missing values are UsageErrors. */
export function parseOptions(args: string[], specs: OptionSpecs, allowPositionals = false): ParsedOptions {
  const options: NonNullable<ParseArgsConfig["options"]> = {};
  for (const [name, { type }] of Object.entries(specs)) options[name] = { type };
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args, options, allowPositionals, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const text = (name: string) => (parsed.values[name] as string | undefined) ?? specs[name].default;
  const number = (name: string, low: number, high: number): number => {
    const given = text(name) ?? "";
    const value = Number(given);
    if (given.trim() === "" || !(value >= low && value <= high)) {
      throw new UsageError(`--${name}: expected a number from ${low} to ${high}, got "${given}"`);
    }
    return value;
  };
  return {
    positionals: parsed.positionals,
    text,
    number,
    flag: (name) => parsed.values[name] === true,
    given: (name) => parsed.values[name] !== undefined,
    integer: (name, low, high) => {
      const value = number(name, low, high);
      if (!Number.isInteger(value)) throw new UsageError(`--${name}: expected a whole number, got ${value}`);
      return value;
    },
    choice: (name, choices) => {
      const value = text(name);
      const found = choices.find((choice) => choice === value);
      if (found === undefined)
        throw new UsageError(`--${name}: unknown "${value}"; there is ${choices.join(", ")}`);
      return found;
    },
  };
}

/** Options and their values as arguments that parseOptions() takes. */
export function argumentsOf(values: Record<string, string | boolean>): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    typeof value === "string" ? [`--${name}=${value}`] : value ? [`--${name}`] : [],
  );
}

/** The help text of a command. */
export function helpText(usage: string, specs: OptionSpecs): string {
  const lines = Object.entries(specs).map(([name, { type, value, about, default: fallback }]) => {
    const left = `  --${name}${type === "string" ? ` ${value ?? "VALUE"}` : ""}`;
    return `${left.padEnd(26)} ${about}${fallback === undefined ? "" : ` (${fallback})`}`;
  });
  return `Usage: ${usage}\n\n${lines.join("\n")}`;
}
