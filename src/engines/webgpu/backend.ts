// Extends tfjs-backend-webgpu with what it lacks: an error fails everything that follows, sizes are
// checked before dispatch, our own programs with several outputs run next to its own, and while a
// function is recorded, a dispatch becomes a command.
import * as tf from "@tensorflow/tfjs";
import type { WgslBackend, WgslDispatch } from "../../../kernels/shared/wgsl.ts";
import { checkBufferSize, checkDispatch, type GpuDevice, gpuError } from "./device.ts";
import {
  type Binding,
  type BufferRef,
  bytesOf,
  isVirtual,
  realBuffer,
  type Recording,
  virtualBuffer,
} from "./recording.ts";
import { packUniforms, type UniformField } from "./uniforms.ts";
import { type Program, Stock } from "./stock_backend.ts";

/**
 * Usage of the buffers that hold tensors: STORAGE, COPY_SRC, COPY_DST. `GPUBufferUsage` may not
 * exist at import.
 */
export const tensorUsage = 0x80 | 0x04 | 0x08;

/** This project's `webgpu` backend. */
export class Backend extends Stock implements WgslBackend {
  /** Set while a function is being recorded. */
  recording: Recording | null = null;
  readonly gpu: GpuDevice;

  constructor(gpu: GpuDevice) {
    super(gpu.device, gpu.info);
    this.gpu = gpu;
  }

  override write(values: tf.BackendValues | null, shape: number[], dtype: tf.DataType): tf.DataId {
    // tfjs also passes null, for a tensor whose values follow; its type does not say so.
    const dataId = super.write(values as tf.BackendValues, shape, dtype);
    this.recording?.made.add(dataId);
    return dataId;
  }

  override uploadToGPU(dataId: tf.DataId): void {
    const data = this.tensorMap.get(dataId);
    const bytes = 4 * tf.util.sizeFromShape(data.shape);
    if (data.resource) {
      if (!this.recording && isVirtual(data.resource)) {
        throw new Error(
          "A tensor that a jitted function made inside was used outside without being returned.",
        );
      }
      return;
    }
    if (!this.recording?.made.has(dataId)) return super.uploadToGPU(dataId);
    data.resource = virtualBuffer(bytes, data.values ? bytesOf(data.values, data.dtype) : null);
    data.values = null;
  }

  /**
   * tfjs computes small operations on the CPU if their inputs are still there. A recording would
   * keep such a result forever: the result for a variable that is not yet on the GPU would be
   * frozen at the variable's first value.
   */
  override shouldExecuteOnCPU(inputs: tf.TensorInfo[], sizeThreshold?: number): boolean {
    const { recording } = this;
    if (recording && !inputs.every(({ dataId }) => recording.made.has(dataId))) return false;
    return super.shouldExecuteOnCPU(inputs, sizeThreshold);
  }

  override runWebGPUProgram(
    program: Program,
    inputs: tf.TensorInfo[],
    dtype: tf.DataType,
    uniforms?: UniformField[],
    output?: tf.TensorInfo,
  ): tf.TensorInfo {
    this.gpu.check();
    const name = program.constructor.name;
    for (const { shape } of [...inputs, { shape: output?.shape ?? program.outputShape }]) {
      checkBufferSize(this.device.limits, name, 4 * tf.util.sizeFromShape(shape));
    }
    // A program without a pipeline compiles inside this scope, so its errors belong to this kernel.
    this.device.pushErrorScope("validation");
    try {
      return super.runWebGPUProgram(program, inputs, dtype, uniforms, output);
    } finally {
      this.#popErrorScope(name);
    }
  }

  override recordAndSubmit(
    program: Program,
    output: tf.TensorInfo,
    inputs: tf.TensorInfo[],
    uniforms: UniformField[] = [],
  ): void {
    const name = program.constructor.name;
    checkDispatch(this.device.limits, name, program.dispatch, inputs.length + 1);
    if (!this.recording) return super.recordAndSubmit(program, output, inputs, uniforms);
    const shapes = [...inputs, output].flatMap(({ shape }) => [
      { type: "int32", data: shape },
      { type: "int32", data: tf.util.computeStrides(shape) },
    ]);
    const size = tf.util.sizeFromShape(program.outputShape) / (program.outputComponent ?? 1);
    const fields = [
      { type: "float32", data: [NaN] },
      { type: "float32", data: [Infinity] },
      ...shapes,
      ...(program.size ? [{ type: "int32", data: [size] }] : []),
      ...uniforms,
    ];
    const bindings: Binding[] = [
      { buffer: this.bufferOf(output), access: "write" },
      ...inputs.map((input): Binding => ({ buffer: this.bufferOf(input), access: "read" })),
    ];
    const { pipeline, dispatch: workgroups } = program;
    this.recording.commands.push({
      kind: "dispatch",
      kernel: name,
      pipeline,
      bindings,
      uniforms: packUniforms(fields),
      workgroups: [workgroups[0], workgroups[1] ?? 1, workgroups[2] ?? 1],
    });
  }

  /**
   * The tensor's buffer, uploading it to the GPU if needed. While recording, tensors from outside
   * are noted as captured.
   */
  bufferOf(tensor: { dataId: tf.DataId }): BufferRef {
    this.uploadToGPU(tensor.dataId);
    const buffer = this.tensorMap.get(tensor.dataId).resource!;
    if (this.recording && !isVirtual(buffer)) this.recording.captured.add(tensor.dataId);
    return buffer;
  }

  /** Like {@link bufferOf}, outside a recording. */
  gpuBufferOf(tensor: { dataId: tf.DataId }): GPUBuffer {
    return realBuffer(this.bufferOf(tensor));
  }

  runWgsl(
    { name, code, constants = {}, reads, writes, updates = [], uniforms, workgroups }: WgslDispatch,
  ): void {
    this.gpu.check();
    const all = [...reads, ...writes, ...updates];
    const { limits } = this.device;
    for (const { shape } of all) checkBufferSize(limits, name, 4 * tf.util.sizeFromShape(shape));
    checkDispatch(limits, name, workgroups, all.length);
    const kinds: GPUBufferBindingType[] = all.map((_, i) =>
      i < reads.length ? "read-only-storage" : "storage"
    );
    if (uniforms) kinds.push("uniform");
    const pipeline = this.#pipelineOf(name, code, constants, kinds);
    const bindings = all.map((tensor, i): Binding => ({
      buffer: this.bufferOf(tensor),
      access: i < reads.length ? "read" : i < reads.length + writes.length ? "write" : "update",
    }));
    const bytes = uniforms ? new Uint32Array(uniforms).buffer : null;
    if (this.recording) {
      const command = {
        kind: "dispatch",
        kernel: name,
        pipeline,
        bindings,
        uniforms: bytes,
        workgroups,
      } as const;
      this.recording.commands.push(command);
      return;
    }
    const resources = bindings.map(({ buffer }) => ({ buffer: realBuffer(buffer) }));
    if (bytes) {
      // UNIFORM, COPY_DST
      const uniformBuffer = this.bufferManager.acquireBuffer(bytes.byteLength, 0x40 | 0x08);
      this.queue.writeBuffer(uniformBuffer, 0, bytes);
      this.uniformPendingDisposal.push(uniformBuffer);
      resources.push({ buffer: uniformBuffer });
    }
    this.device.pushErrorScope("validation");
    const entries = resources.map((resource, binding) => ({ binding, resource }));
    const bindGroup = this.device.createBindGroup({
      label: name,
      layout: pipeline.getBindGroupLayout(0),
      entries,
    });
    this.#popErrorScope(name);
    for (const { dataId } of all) this.commandQueueOwnedIds.add(dataId);
    this.ensureCommandEncoderReady();
    const pass = this.computePassEncoder ??= this.commandEncoder!.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...workgroups);
    this.dispatchCountInPass++;
    if (this.dispatchCountInPass >= tf.env().getNumber("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE")) {
      this.flush();
    }
  }

  copy(tensor: tf.TensorInfo): tf.TensorInfo {
    const copied = this.makeTensorInfo(tensor.shape, tensor.dtype);
    const source = this.bufferOf(tensor);
    const target = this.bufferOf(copied);
    const bytes = 4 * tf.util.sizeFromShape(tensor.shape);
    if (this.recording) {
      this.recording.commands.push({ kind: "copy", source, target, bytes });
      return copied;
    }
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.commandEncoder!.copyBufferToBuffer(realBuffer(source), 0, realBuffer(target), 0, bytes);
    this.commandQueueOwnedIds.add(tensor.dataId).add(copied.dataId);
    return copied;
  }

  /** Submits all pending work to the GPU. */
  flush(): void {
    this.endComputePassEncoder();
    if (this.commandEncoder) this.submitQueue();
  }

  override readSync(dataId: tf.DataId): tf.BackendValues {
    const { values } = this.tensorMap.get(dataId);
    if (values && !(this.recording && !this.recording.made.has(dataId))) return values;
    throw new Error(
      this.recording
        ? "dataSync: a jitted function must not read a tensor's data; return the tensor and " +
          "read it outside."
        : "dataSync: WebGPU cannot be read synchronously; await tensor.data() instead.",
    );
  }

  override async read(dataId: tf.DataId): Promise<tf.BackendValues> {
    const { resource } = this.tensorMap.get(dataId);
    if (this.recording || (resource && isVirtual(resource))) {
      throw new Error(
        "data: a jitted function must not read a tensor's data; return the tensor and read it " +
          "outside.",
      );
    }
    this.gpu.check();
    try {
      const values = await super.read(dataId);
      await this.settle();
      return values;
    } catch (error) {
      // A failed read does not say why it failed; the cause may be reported a moment later.
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.gpu.check();
      throw error;
    }
  }

  /** Waits until all errors of the submitted work are known, and throws the first one. */
  async settle(): Promise<void> {
    this.device.pushErrorScope("validation");
    await this.device.popErrorScope();
    this.gpu.check();
  }

  #pipelineOf(
    name: string,
    code: string,
    constants: Readonly<Record<string, number>>,
    kinds: readonly GPUBufferBindingType[],
  ): GPUComputePipeline {
    const prefix = Object.entries(constants).map(([key, value]) => `const ${key} = ${value};\n`)
      .join("");
    const key = `${name}\n${kinds}\n${prefix}${code}`;
    const known = this.pipelineCache[key];
    if (known) return known;
    this.device.pushErrorScope("validation");
    const module = this.device.createShaderModule({ label: name, code: prefix + code });
    // An explicit layout, unlike "auto", keeps bindings that a program variant does not use. The
    // visibility 4 is COMPUTE.
    const entries = kinds.map((type, binding) => ({ binding, visibility: 4, buffer: { type } }));
    const bindGroupLayouts = [this.device.createBindGroupLayout({ label: name, entries })];
    const layout = this.device.createPipelineLayout({ label: name, bindGroupLayouts });
    const pipeline = this.device.createComputePipeline({
      label: name,
      layout,
      compute: { module, entryPoint: "main" },
    });
    this.#popErrorScope(name);
    return this.pipelineCache[key] = pipeline;
  }

  #popErrorScope(kernel: string): void {
    this.device.popErrorScope().then((error) => {
      if (error) this.gpu.fail(gpuError(kernel, error));
    });
  }
}
