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
  const table = [["name", "layer", "output", "parameters"], ...rows, [
    "total",
    "",
    "",
    grouped(count(plan.parameters)),
  ]];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    row.map((cell, i) => i === 3 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)).join("  ");
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [line(table[0]!), rule, ...table.slice(1, -1).map(line), rule, line(table.at(-1)!)].join(
    "\n",
  );
}
