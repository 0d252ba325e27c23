/**
 * For tests: a real Slurm on this machine, with slurmctld, one slurmd and munged on loopback, which
 * write into one folder. Debian packages: slurmctld, slurmd, slurm-client and munge.
 */
import { join } from "@std/path";

/** The programs that must be on PATH. */
const programs = ["slurmctld", "slurmd", "munged", "sbatch", "scontrol", "scancel"];

/** Why a test with Slurm is ignored; "" if it is not. */
export function whyNoSlurm(): string {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "needs Linux and root";
  const missing = programs.filter((name) =>
    !new Deno.Command("which", { args: [name], stdout: "null" }).outputSync().success
  );
  return missing.length === 0 ? "" : `needs Slurm: ${missing.join(", ")}`;
}

/** A running Slurm. */
export interface Slurm extends AsyncDisposable {
  /** Runs one of its programs and returns the output. */
  run(program: string, ...args: string[]): Promise<string>;
  /** Whether the node is idle. */
  isIdle(): Promise<boolean>;
}

async function output(program: string, args: string[], env: Record<string, string>) {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env }).output();
  const text = new TextDecoder().decode(stdout);
  if (success) return text;
  throw new Error(`${program} ${args.join(" ")}: ${text}${new TextDecoder().decode(stderr)}`);
}

/**
 * The configuration. `pgid` kills a job's process group, as a cluster does, and needs no cgroups;
 * with `linuxproc`, orphans would keep training.
 */
function configuration(folder: string, host: string): string {
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=16917
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket
CredType=cred/munge
StateSaveLocation=${folder}/ctld
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0
ReturnToService=2
KillWait=30
JobRequeue=1
NodeName=n1 NodeHostname=${host} NodeAddr=127.0.0.1 Port=17901 CPUs=2 RealMemory=1000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE
`;
}

/** Starts Slurm, with its state in an empty folder. */
export async function startSlurm(folder: string): Promise<Slurm> {
  const env = { SLURM_CONF: join(folder, "slurm.conf") };
  for (const name of ["munge", "ctld", "spool"]) Deno.mkdirSync(join(folder, name));
  // munged refuses folders that others may write to.
  for (const path of [folder, join(folder, "munge")]) Deno.chmodSync(path, 0o755);
  Deno.writeFileSync(join(folder, "munge/key"), crypto.getRandomValues(new Uint8Array(128)), {
    mode: 0o600,
  });
  Deno.writeTextFileSync(env.SLURM_CONF, configuration(folder, Deno.hostname().split(".")[0]!));
  Deno.writeTextFileSync(join(folder, "cgroup.conf"), "CgroupPlugin=cgroup/v1\n");
  const munge = ["key-file=key", "socket=socket", "pid-file=pid", "log-file=log", "seed-file=seed"];
  const mungeArgs = munge.map((option) => `--${option.replace("=", `=${folder}/munge/`)}`);
  const slurm: Slurm = {
    run: (program, ...args) => output(program, args, env),
    isIdle: async () => (await output("sinfo", ["-h", "-o", "%T"], env)).trim() === "idle",
    [Symbol.asyncDispose]: () => stop(folder),
  };
  try {
    await output("munged", ["--force", ...mungeArgs], env);
    await output("slurmctld", [], env);
    await output("slurmd", ["-N", "n1"], env);
    await eventually("idle node", slurm.isIdle);
    return slurm;
  } catch (error) {
    await stop(folder);
    throw error;
  }
}

/** Stops the daemons by their pid files; munged last. */
async function stop(folder: string): Promise<void> {
  for (const file of ["slurmd.pid", "slurmctld.pid", "munge/pid"]) {
    let pid: number;
    try {
      pid = Number(Deno.readTextFileSync(join(folder, file)));
    } catch {
      continue; // It was not running.
    }
    Deno.kill(pid, "SIGTERM");
    await eventually(`end of ${file}`, () => Promise.resolve(!exists(`/proc/${pid}`)));
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Waits until a condition holds, for at most five minutes. */
export async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1500; tries++) {
    if (await condition()) return;
    await new Promise((wake) => setTimeout(wake, 200));
  }
  throw new Error(`waited for five minutes, but there is no ${what}`);
}
