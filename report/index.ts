// Runs and studies as pages to look at.

export { parseRun, type RunConfig, type RunData } from "../runs/run";
export { renderReport, renderStudy } from "./page";
