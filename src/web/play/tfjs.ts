/**
 * What the page's worker takes for `@tensorflow/tfjs`: its core alone, a quarter of the size. The
 * layers, converters and other backends of the whole package are never used there.
 */
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js";
export * from "@tensorflow/tfjs-core";
