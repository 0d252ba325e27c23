/** The table of arXiv 2411.09174: the paper's scores of its configurations. */
import paperTable from "./paper_table.csv" with { type: "text" };

/**
 * The paper's figures by `configuration dataset metric`, in its order. KID is divided by 100,
 * because the paper multiplies it.
 */
export function paperFigures(): Map<string, number> {
  const [header, ...lines] = paperTable.trim().split("\n").map((line) => line.trim().split(","));
  const datasets: Record<string, string> = {
    cifar10: "cifar-10",
    mnistm: "mnist-m",
    mnist: "mnist",
  };
  const figures = new Map<string, number>();
  for (const [name, ...values] of lines) {
    values.forEach((value, i) => {
      const [dataset, metric, times] = header![i + 1]!.split("_") as [
        string,
        string,
        string | undefined,
      ];
      figures.set(`${name} ${datasets[dataset]} ${metric}`, Number(value) / (times ? 100 : 1));
    });
  }
  return figures;
}
