/**
 * Which wheels carry TensorFlow's C API for which machine, pinned by version, size and SHA-256. To move to another
 * version: `python -m pip install --dry-run --no-deps --report - --platform ... tensorflow==VERSION` prints the digests.
 */

/** The TensorFlow version that this project is tested with. */
export const TENSORFLOW_VERSION = "2.21.0";

/** One wheel, as pip is asked for it. */
export interface Wheel {
  /** The project's name, as pip takes it. */
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the wheel file, hexadecimal. */
  readonly sha256: string;
  /** Size of the wheel file. */
  readonly bytes: number;
}

/** All the wheels that one machine needs. */
export interface WheelSet {
  /** The folder's name in the cache. */
  readonly key: string;
  /** True for the build that runs on an NVIDIA GPU. */
  readonly gpu: boolean;
  /** Values for pip's --platform. */
  readonly platforms: readonly string[];
  readonly wheels: readonly Wheel[];
  /** True for the files of the wheels that are needed at run time. */
  readonly needed: (path: string) => boolean;
}

const version = TENSORFLOW_VERSION;

const twoLibraries = (path: string) => /^tensorflow\/libtensorflow_(cc|framework)(\.so\.\d+|\.\d+\.dylib)$/.test(path);

// TensorFlow finds CUDA's libraries, ptxas and libdevice beside its own folder, in ../nvidia/*.
const withCuda = (path: string) =>
  twoLibraries(path) ||
  path.startsWith("nvidia/") && !path.includes("/include/") && !/\.(a|py|h)$/.test(path) && !path.endsWith("/");

/** TensorFlow's own CPU wheels, by `os-arch` as Deno names them. */
const cpuSets: Readonly<Record<string, WheelSet>> = {
  "linux-x86_64": {
    key: `tensorflow-${version}-linux-x86_64-cpu`,
    gpu: false,
    platforms: ["manylinux_2_27_x86_64"],
    wheels: [{
      name: "tensorflow-cpu",
      version,
      sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
      bytes: 273_829_956,
    }],
    needed: twoLibraries,
  },
  "linux-aarch64": {
    key: `tensorflow-${version}-linux-aarch64-cpu`,
    gpu: false,
    platforms: ["manylinux_2_27_aarch64"],
    wheels: [{
      name: "tensorflow",
      version,
      sha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
      bytes: 281_828_020,
    }],
    needed: twoLibraries,
  },
  "darwin-aarch64": {
    key: `tensorflow-${version}-darwin-aarch64-cpu`,
    gpu: false,
    platforms: ["macosx_12_0_arm64"],
    wheels: [{
      name: "tensorflow",
      version,
      sha256: "51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88",
      bytes: 223_405_849,
    }],
    needed: twoLibraries,
  },
};

const cudaSet: WheelSet = {
  key: `tensorflow-${version}-linux-x86_64-cuda12`,
  gpu: true,
  platforms: ["2_27", "2_25", "2_17", "2_12"].map((glibc) => `manylinux_${glibc}_x86_64`),
  needed: withCuda,
  wheels: [
    {
      name: "tensorflow",
      version,
      sha256: "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
      bytes: 572_440_367,
    },
    {
      name: "nvidia-cublas-cu12",
      version: "12.9.3.13",
      sha256: "d7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72",
      bytes: 581_217_458,
    },
    {
      name: "nvidia-cuda-cupti-cu12",
      version: "12.9.79",
      sha256: "096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f",
      bytes: 10_814_997,
    },
    {
      name: "nvidia-cuda-nvcc-cu12",
      version: "12.9.86",
      sha256: "5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0",
      bytes: 40_546_229,
    },
    {
      name: "nvidia-cuda-nvrtc-cu12",
      version: "12.9.86",
      sha256: "210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4",
      bytes: 89_568_129,
    },
    {
      name: "nvidia-cuda-runtime-cu12",
      version: "12.9.79",
      sha256: "25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3",
      bytes: 3_493_179,
    },
    {
      name: "nvidia-cudnn-cu12",
      version: "9.28.0.42",
      sha256: "9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375",
      bytes: 716_538_495,
    },
    {
      name: "nvidia-cufft-cu12",
      version: "11.4.1.4",
      sha256: "c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28",
      bytes: 200_877_592,
    },
    {
      name: "nvidia-curand-cu12",
      version: "10.3.10.19",
      sha256: "49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e",
      bytes: 68_295_626,
    },
    {
      name: "nvidia-cusolver-cu12",
      version: "11.7.5.82",
      sha256: "15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88",
      bytes: 338_117_415,
    },
    {
      name: "nvidia-cusparse-cu12",
      version: "12.5.10.65",
      sha256: "73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78",
      bytes: 366_465_088,
    },
    {
      name: "nvidia-nccl-cu12",
      version: "2.32.3",
      sha256: "bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c",
      bytes: 351_526_311,
    },
    {
      name: "nvidia-nvjitlink-cu12",
      version: "12.9.86",
      sha256: "e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9",
      bytes: 39_748_338,
    },
  ],
};

/**
 * The wheels for a machine, or null where TensorFlow publishes none that we know.
 *
 * @param os as in `Deno.build.os`
 * @param arch as in `Deno.build.arch`
 * @param gpu whether an NVIDIA driver is present
 */
export function wheelSet(os: string, arch: string, gpu: boolean): WheelSet | null {
  if (gpu && os === "linux" && arch === "x86_64") return cudaSet;
  return cpuSets[`${os}-${arch}`] ?? null;
}
