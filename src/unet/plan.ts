/**
 * Turns a resolved spec into the plan of its network: which layers run in which order, on which
 * inputs, with which shapes and parameters. Pure data: it needs no engine and computes nothing.
 *
 * The network is the one in arXiv 2411.09174 and its published code. The names and the order of the
 * parameters match its checkpoints.
 */
import type { Filters } from "../layers/filters.ts";
import type { Constant, Layer, Parameter, Shape } from "../layers/layer.ts";
import { type LayerName, type LayerOptions, layers } from "../layers/registry.ts";
import type { Padding } from "../filters/border.ts";
import type { FilterSection, Position, ResolvedSpec } from "../spec/resolved.ts";
import { entryOf } from "../collections/elements.ts";
import { sizes3 } from "../../kernels/shared/ranks.ts";

/** The parts of the spec that determine the network. */
export type NetworkSpec = Pick<
  ResolvedSpec,
  | "architecture"
  | "kaiserBeta"
  | "normalized"
  | "normInside"
  | "kernelSize"
  | "gain"
  | "cutoff"
  | "filter"
  | "padding"
  | "position"
  | "imageSize"
  | "channels"
  | "baseWidth"
  | "classes"
>;

/** A layer at its position in the network. Parameters and constants have their full names. */
export type Step = {
  [N in LayerName]: {
    name: string;
    layer: N;
    options: LayerOptions<N>;
    /** Names of the inputs: other steps, or the network's inputs `x`, `t` and `label`. */
    inputs: string[];
    outputShape: Shape;
    parameters: Parameter[];
    constants: Constant[];
  };
}[LayerName];

/** A network as data. */
export interface NetworkPlan {
  /** [height, width, channels] of the input and the output. */
  imageShape: Shape;
  /** The number of classes, or null if the network is not class-conditional. */
  classes: number | null;
  /** The steps, in the order of execution. */
  steps: Step[];
  /** The step whose output is the network's output. */
  output: string;
  /** All parameters, in the order of the published state dict. */
  parameters: Parameter[];
}

/** Number of features of the time embedding, as published. */
const timeFeatures = 256;
/** Number of heads of each self-attention, as published. */
const heads = 4;

/** What each architecture filters. A letter without an entry here does not compile. */
export const architectures: Record<
  NetworkSpec["architecture"],
  { filtersResampling: boolean; filtersActivations: boolean }
> = {
  A: { filtersResampling: false, filtersActivations: false },
  B: { filtersResampling: true, filtersActivations: false },
  C: { filtersResampling: false, filtersActivations: true },
  D: { filtersResampling: true, filtersActivations: true },
};

/** The design of the low-pass filters; null for A, which has none. */
function filtersOf(spec: NetworkSpec): Filters | null {
  return spec.architecture === "A" ? null : filterKinds[spec.filter?.kind ?? "jinc"](spec);
}

/** The design of each kind of filter. A kind without one does not compile. */
export const filterKinds: Record<FilterSection["kind"], (spec: NetworkSpec) => Filters> = {
  ideal: () => ({ kind: "ideal" }),
  sinc({ kernelSize, cutoff, padding = "zero", filter }) {
    const transition = filter?.transition;
    if (kernelSize === null || cutoff === null || transition === undefined) {
      throw new Error("the filter sinc needs kernelSize, cutoff and filter.transition");
    }
    return { kind: "sinc", kernelSize, cutoff, transition, padding };
  },
  jinc({ kernelSize, kaiserBeta, normalized, cutoff, gain, padding = "zero" }) {
    if (kernelSize === null || cutoff === null || normalized === null || gain === null) {
      throw new Error("the filter jinc needs kernelSize, cutoff, normalized and gain");
    }
    return { kind: "jinc", kernelSize, kaiserBeta, normalized, cutoff, gain, padding };
  },
};

/**
 * What tells the network where in the image it is: more channels, or another padding of the first
 * convolution. A position without an answer does not compile.
 */
export const positions: Record<Position, { coordinates: boolean; inputPadding?: Padding }> = {
  none: { coordinates: false },
  border: { coordinates: false, inputPadding: "zero" },
  coordinates: { coordinates: true },
};

/**
 * Builds the plan of a spec's network.
 *
 * @throws RangeError if the published network cannot have this image size or base width
 */
export function networkPlan(spec: NetworkSpec): NetworkPlan {
  const { architecture, normInside, imageSize, channels, baseWidth: width, classes } = spec;
  const { padding = "zero", position = "none", filter } = spec;
  if (imageSize % 8 !== 0 || imageSize < 8) {
    throw new RangeError(`the image size must be a multiple of 8, not ${imageSize}`);
  }
  if (width % heads !== 0 || width < heads) {
    throw new RangeError(`the base width must be a multiple of ${heads}, not ${width}`);
  }
  const filters = filtersOf(spec);
  const { filtersActivations, filtersResampling } = architectures[architecture];
  const activationFilters = filtersActivations ? filters : null;
  const resamplingFilters = filtersResampling ? filters : null;
  // Only D, the published variant with `normInside`, owns the unused norms.
  const unusedNorms = normInside && architecture === "D";

  const shapes = new Map<string, Shape>([
    ["x", [imageSize, imageSize, channels]],
    ["t", []],
    ["label", []],
  ]);
  const steps: Step[] = [];
  function add<N extends LayerName>(
    name: string,
    layer: N,
    inputs: string[],
    options: LayerOptions<N>,
    scope = name,
  ) {
    // A type parameter cannot index the registry's union; `layer` and `options` are of one N.
    const definition = layers[layer] as unknown as Layer<LayerOptions<N>>;
    const outputShape = definition.outputShape(
      inputs.map((input) => entryOf(shapes, input)),
      options,
    );
    const parameters = definition.parameters(options).map((p) => ({
      ...p,
      name: `${scope}.${p.name}`,
    }));
    const constants = definition.constants(options);
    shapes.set(name, outputShape);
    // A type parameter cannot narrow the union of all layers' steps. The signature of `add` has
    // checked the pair.
    steps.push(
      { name, layer, options, inputs, outputShape, parameters, constants } as unknown as Step,
    );
    return name;
  }
  const channelsOf = (name: string) => sizes3(shapes.get(name))[2];
  const sizeOf = (name: string) => sizes3(shapes.get(name))[0];
  function double(
    name: string,
    input: string,
    outputs: number,
    { middle = outputs, residual = false, inputPadding = padding } = {},
  ): string {
    return add(name, "double-convolution", [input], {
      inputs: channelsOf(input),
      middle,
      outputs,
      residual,
      filters: activationFilters,
      normInside,
      bypass: filter?.bypass ?? false,
      padding: [inputPadding, padding],
      size: sizeOf(input),
    });
  }
  function attention(name: string, input: string): string {
    return add(name, "self-attention", [input], { channels: channelsOf(input), heads });
  }
  /**
   * Adds the time embedding at the end of a stage, and whatever the published code puts after it.
   */
  function finish(name: string, input: string, unusedChannels: number): string {
    const last = add(`${name}.emb_layer`, "add-embedding", [input, time], {
      features: timeFeatures,
      channels: channelsOf(input),
    }, name);
    return unusedNorms
      ? add(`${name}.norm1`, "unused-group-norm", [last], { channels: unusedChannels }, name)
      : last;
  }
  function down(name: string, input: string, outputs: number): string {
    const inputs = channelsOf(input);
    // Where pooling was part of the sequence, the published names differ.
    const [smaller, first, second] = resamplingFilters
      ? [
        add(`${name}.down`, "filtered-downsampling", [input], {
          filters: resamplingFilters,
          size: sizeOf(input) / 2,
        }),
        "conv.0",
        "conv.1",
      ]
      : [
        add(`${name}.maxpool_conv.0`, "max-pooling", [input], {}),
        "maxpool_conv.1",
        "maxpool_conv.2",
      ];
    const y = double(`${name}.${first}`, smaller, inputs, { residual: true });
    return finish(name, double(`${name}.${second}`, y, outputs), inputs);
  }
  function up(name: string, input: string, skip: string, outputs: number): string {
    const larger = resamplingFilters
      ? add(`${name}.up`, "filtered-upsampling", [input], {
        filters: resamplingFilters,
        size: sizeOf(input),
      })
      : add(`${name}.up`, "bilinear-upsampling", [input], {});
    const joined = add(`${name}.skip`, "concatenation", [skip, larger], {});
    const inputs = channelsOf(joined);
    const y = double(`${name}.conv.0`, joined, inputs, { residual: true });
    return finish(name, double(`${name}.conv.1`, y, outputs, { middle: inputs / 2 }), inputs / 2);
  }

  let time = add("time", "time-embedding", ["t"], { features: timeFeatures });
  if (classes !== null) {
    time = add("label_emb", "label-embedding", [time, "label"], {
      classes,
      features: timeFeatures,
    });
  }
  const { coordinates, inputPadding = padding } = positions[position];
  const image = coordinates ? add("coordinates", "coordinates", ["x"], { size: imageSize }) : "x";
  const x1 = double("inc", image, width, { inputPadding });
  const x2 = attention("sa1", down("down1", x1, 2 * width));
  const x3 = attention("sa2", down("down2", x2, 4 * width));
  let y = attention("sa3", down("down3", x3, 4 * width));
  y = double("bot1", y, 8 * width);
  y = double("bot2", y, 8 * width);
  y = double("bot3", y, 4 * width);
  y = attention("sa4", up("up1", y, x3, 2 * width));
  y = attention("sa5", up("up2", y, x2, width));
  y = attention("sa6", up("up3", y, x1, width));
  const output = add("outc", "pointwise-convolution", [y], { inputs: width, outputs: channels });

  // The label embedding comes last in the state dict, although it is among the first to run.
  const isLabel = (step: Step) => step.layer === "label-embedding";
  const inOrder = [...steps.filter((step) => !isLabel(step)), ...steps.filter(isLabel)];
  return {
    imageShape: [imageSize, imageSize, channels],
    classes,
    steps,
    output,
    parameters: inOrder.flatMap((step) => step.parameters),
  };
}

/** The number of elements in a shape. */
export function elements(shape: Shape): number {
  return shape.reduce((a, b) => a * b, 1);
}
