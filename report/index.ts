// Runs and studies as pages to look at.

export { renderReport, renderStudy } from "./page";
