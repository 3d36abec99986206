// Every kernel family; the exports of this file are the exports of the compiled module.
export * from "./binary";
export * from "./unary";
export * from "./power";
export * from "./random";
