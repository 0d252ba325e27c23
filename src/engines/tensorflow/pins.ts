/**
 * The wheels with TensorFlow's C API for each machine, pinned by version, size and SHA-256. To move
 * to another version, get the digests from `python -m pip install --dry-run --no-deps --report -
 * --platform ... tensorflow==VERSION`.
 */

/** The TensorFlow version that this project is tested with. */
export const TENSORFLOW_VERSION = "2.21.0";

/** A wheel, as requested from pip. */
export interface Wheel {
  /** The project's name in the package index. */
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the file in hexadecimal. */
  readonly sha256: string;
  /** Size of the file. */
  readonly bytes: number;
}

/** All the wheels that one machine needs. */
export interface WheelSet {
  /** The name of its folder in the cache. */
  readonly key: string;
  /** Whether it is the build for NVIDIA GPUs. */
  readonly gpu: boolean;
  /** The values for pip's `--platform`. */
  readonly platforms: readonly string[];
  readonly wheels: readonly Wheel[];
  /** Whether a file of the wheels is needed at run time. */
  readonly isNeeded: (path: string) => boolean;
}

const version = TENSORFLOW_VERSION;

const wheel = (name: string, version: string, bytes: number, sha256: string): Wheel => ({
  name,
  version,
  bytes,
  sha256,
});

const isLibrary = (path: string) =>
  /^tensorflow\/libtensorflow_(cc|framework)(\.so\.\d+|\.\d+\.dylib)$/.test(path);

// TensorFlow looks for CUDA's libraries, ptxas and libdevice in ../nvidia/*.
const isLibraryOrCuda = (path: string) =>
  isLibrary(path) ||
  path.startsWith("nvidia/") && !path.includes("/include/") && !/\.(a|py|h)$/.test(path) &&
    !path.endsWith("/");

const cpuSet = (machine: string, platform: string, only: Wheel): WheelSet => ({
  key: `tensorflow-${version}-${machine}-cpu`,
  gpu: false,
  platforms: [platform],
  wheels: [only],
  isNeeded: isLibrary,
});

/** TensorFlow's CPU builds by operating system and architecture, as Deno names them. */
const cpuSets: Readonly<Record<string, WheelSet>> = {
  "linux-x86_64": cpuSet(
    "linux-x86_64",
    "manylinux_2_27_x86_64",
    wheel(
      "tensorflow-cpu",
      version,
      273_829_956,
      "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
    ),
  ),
  "linux-aarch64": cpuSet(
    "linux-aarch64",
    "manylinux_2_27_aarch64",
    wheel(
      "tensorflow",
      version,
      281_828_020,
      "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
    ),
  ),
  "darwin-aarch64": cpuSet(
    "darwin-aarch64",
    "macosx_12_0_arm64",
    wheel(
      "tensorflow",
      version,
      223_405_849,
      "51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88",
    ),
  ),
};

const cudaSet: WheelSet = {
  key: `tensorflow-${version}-linux-x86_64-cuda12`,
  gpu: true,
  platforms: ["2_27", "2_25", "2_17", "2_12"].map((glibc) => `manylinux_${glibc}_x86_64`),
  isNeeded: isLibraryOrCuda,
  wheels: [
    wheel(
      "tensorflow",
      version,
      572_440_367,
      "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
    ),
    wheel(
      "nvidia-cublas-cu12",
      "12.9.3.13",
      581_217_458,
      "d7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72",
    ),
    wheel(
      "nvidia-cuda-cupti-cu12",
      "12.9.79",
      10_814_997,
      "096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f",
    ),
    wheel(
      "nvidia-cuda-nvcc-cu12",
      "12.9.86",
      40_546_229,
      "5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0",
    ),
    wheel(
      "nvidia-cuda-nvrtc-cu12",
      "12.9.86",
      89_568_129,
      "210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4",
    ),
    wheel(
      "nvidia-cuda-runtime-cu12",
      "12.9.79",
      3_493_179,
      "25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3",
    ),
    wheel(
      "nvidia-cudnn-cu12",
      "9.28.0.42",
      716_538_495,
      "9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375",
    ),
    wheel(
      "nvidia-cufft-cu12",
      "11.4.1.4",
      200_877_592,
      "c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28",
    ),
    wheel(
      "nvidia-curand-cu12",
      "10.3.10.19",
      68_295_626,
      "49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e",
    ),
    wheel(
      "nvidia-cusolver-cu12",
      "11.7.5.82",
      338_117_415,
      "15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88",
    ),
    wheel(
      "nvidia-cusparse-cu12",
      "12.5.10.65",
      366_465_088,
      "73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78",
    ),
    wheel(
      "nvidia-nccl-cu12",
      "2.32.3",
      351_526_311,
      "bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c",
    ),
    wheel(
      "nvidia-nvjitlink-cu12",
      "12.9.86",
      39_748_338,
      "e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9",
    ),
  ],
};

/** The sum of sizes in bytes. */
export function totalSize(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * The wheels for a machine, or null if none are known.
 *
 * @param os as in `Deno.build.os`
 * @param arch as in `Deno.build.arch`
 * @param gpu whether an NVIDIA driver is present
 */
export function wheelSet(os: string, arch: string, gpu: boolean): WheelSet | null {
  if (gpu && os === "linux" && arch === "x86_64") return cudaSet;
  return cpuSets[`${os}-${arch}`] ?? null;
}
