/**
 * `deno task completions`: prints a script that completes the installed command in a shell. The
 * script is generated from the list of verbs and the options in their help texts.
 */
import { UserError } from "../messages/errors.ts";
import { print } from "../messages/terminal.ts";
import { positionals } from "./positionals.ts";
import { verbs } from "./verbs.ts";

/** The name under which docs/verbs.md installs the command. */
const program = "alias-free";

/** What `--help` prints. */
export const help =
  `Print a script that completes ${program}, the installed command (docs/verbs.md), in
bash, zsh or fish: its commands, their options, and files. Shells complete the names
of \`deno task\` by themselves.

Usage: deno task completions bash|zsh|fish

Load it from the shell's start-up file:
  bash  source <(${program} completions bash)     # ~/.bashrc
  zsh   source <(${program} completions zsh)      # ~/.zshrc, after compinit
  fish  ${program} completions fish | source      # ~/.config/fish/config.fish`;

/** A verb for completion. */
interface Entry {
  name: string;
  summary: string;
  /** `--out`, ... */
  options: string[];
}

/** The script of each shell. */
const scripts: Readonly<Record<string, (entries: readonly Entry[]) => string>> = {
  bash: (entries) =>
    `_alias_free() {
  local current=\${COMP_WORDS[COMP_CWORD]} candidates=
  if [[ $COMP_CWORD == 1 ]]; then
    candidates=${quoted(entries.map(({ name }) => name).join(" "))}
  elif [[ $current == -* ]]; then
    case \${COMP_WORDS[1]} in
${
      entries.map(({ name, options }) => `      ${name}) candidates="${options.join(" ")}" ;;`)
        .join("\n")
    }
    esac
  fi
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
# Without candidates, bash completes files.
complete -o default -F _alias_free ${program}`,

  zsh: (entries) =>
    `_alias_free() {
  local -a commands=(
${entries.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
  elif [[ $PREFIX == -* ]]; then
    case $words[2] in
${
      entries.map(({ name, options }) => `      ${name}) compadd -- ${options.join(" ")} ;;`).join(
        "\n",
      )
    }
    esac
  else
    _files
  fi
}
compdef _alias_free ${program}`,

  fish: (entries) =>
    entries.flatMap(({ name, summary, options }) => [
      `complete -c ${program} -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
      ...options.map((option) =>
        `complete -c ${program} -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`
      ),
    ]).join("\n"),
};

/** A text as one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Every verb with the options that its help lists, one per line. */
async function allEntries(): Promise<Entry[]> {
  return await Promise.all(
    Object.entries(verbs).map(async ([name, { summary, load }]) => {
      const listed = [...(await load()).help.matchAll(/^ +(--[a-z-]+)/gm)].map(([, option]) =>
        option!
      );
      return { name, summary, options: [...new Set([...listed, "--help"])] };
    }),
  );
}

/** Prints the script. */
export async function run(args: string[]): Promise<number> {
  const [shell = ""] = positionals(args, [1, 1], "completions takes the name of a shell", help);
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) {
    throw new UserError(
      `unknown shell ${JSON.stringify(shell)} (shells: ${Object.keys(scripts).join(", ")})`,
    );
  }
  print(script(await allEntries()));
  return 0;
}
