/** Formats a plan as a human-readable table. */
import { elements, type NetworkPlan } from "./plan.ts";

/** Lists each layer with its output shape (without the batch) and parameters, and the total. */
export function summarize(plan: NetworkPlan): string {
  const count = (parameters: NetworkPlan["parameters"]) =>
    parameters.reduce((sum, p) => sum + elements(p.shape), 0);
  const grouped = (n: number) => n.toLocaleString("en-US");
  const rows = plan.steps.map((step) => [
    step.name,
    step.layer + (step.layer === "double-convolution" && step.options.residual ? ", residual" : ""),
    step.outputShape.join(" x "),
    step.parameters.length ? grouped(count(step.parameters)) : "-",
  ]);
  const head = ["name", "layer", "output", "parameters"];
  const total = ["total", "", "", grouped(count(plan.parameters))];
  const lengths = [head, ...rows, total].map((row) => row.map((cell) => cell.length));
  const widths = head.map((_, column) => Math.max(...lengths.map((row) => row[column] ?? 0)));
  const line = (row: string[]) =>
    widths.map((width, column) => {
      const cell = row[column] ?? "";
      return column === 3 ? cell.padStart(width) : cell.padEnd(width);
    }).join("  ");
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [line(head), rule, ...rows.map(line), rule, line(total)].join("\n");
}
