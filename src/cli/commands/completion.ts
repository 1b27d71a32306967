import { Argument, type Command } from 'commander';
import type { VpnStatusJson } from '../../api/schemas/engines';
import { call } from '../api';
import { defaultUrl } from '../api-command';
import type { Terminal } from '../terminal';

/** A hidden command by which the scripts get the names of VPNs. */
const VPN_NAMES = 'vpn-names';

export function addCompletion(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('prints a script for your shell that completes commands')
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `\nbash: source <(portward completion bash)          in ~/.bashrc
zsh:  source <(portward completion zsh)           in ~/.zshrc, after compinit
fish: portward completion fish | source           in ~/.config/fish/config.fish`,
    )
    .action((shell: string) => terminal.print(SCRIPTS[shell]?.(words(program)) ?? ''));
  program.command(VPN_NAMES, { hidden: true }).action(async () => {
    // If no Portward answers, nothing is printed: an error would disturb the user's typing.
    const status = await call<VpnStatusJson>({ url: defaultUrl() }, '/vpn/status').catch(() => null);
    for (const { container_name: name } of status?.vpns ?? []) if (name !== null) terminal.print(name);
  });
}

interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly { readonly flag: string; readonly description: string }[];
  /** Values of its first argument; `vpn`: the names of VPNs. */
  readonly first: readonly string[] | 'vpn';
}

function words(program: Command): CommandWords[] {
  const visible = program.createHelp().visibleCommands(program);
  return visible.map((command) => {
    const [first] = command.registeredArguments;
    return {
      name: command.name(),
      description: command.description(),
      options: command.options.flatMap(({ long, description }) => (long ? [{ flag: long, description }] : [])),
      first: first?.name() === 'vpn' ? 'vpn' : (first?.argChoices ?? []),
    };
  });
}

const SCRIPTS: Readonly<Record<string, (commands: readonly CommandWords[]) => string>> = { bash, zsh, fish };

const takesVpn = (commands: readonly CommandWords[]) =>
  commands
    .filter(({ first }) => first === 'vpn')
    .map(({ name }) => name)
    .join('|');
const flags = ({ options }: CommandWords) => options.map(({ flag }) => flag).join(' ');
const choices = ({ first }: CommandWords) => (first === 'vpn' ? '' : first.join(' '));

function bash(commands: readonly CommandWords[]): string {
  return `# Completion of portward for bash: source <(portward completion bash)
_portward() {
  local current=\${COMP_WORDS[COMP_CWORD]} words
  if ((COMP_CWORD == 1)); then
    words='${commands.map(({ name }) => name).join(' ')}'
  elif [[ $current == -* ]]; then
    case \${COMP_WORDS[1]} in
${commands.map((command) => `      ${command.name}) words='${flags(command)}' ;;`).join('\n')}
    esac
  elif ((COMP_CWORD == 2)); then
    case \${COMP_WORDS[1]} in
      ${takesVpn(commands)}) words=$(portward ${VPN_NAMES} 2>/dev/null) ;;
${commands
  .filter((command) => choices(command) !== '')
  .map((command) => `      ${command.name}) words='${choices(command)}' ;;`)
  .join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _portward portward`;
}

/** Escaped for a description in single quotes. */
function described(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, String.raw`\$&`);
}

function zsh(commands: readonly CommandWords[]): string {
  return `#compdef portward
# Completion of portward for zsh: source <(portward completion zsh)
_portward() {
  local -a commands names
  commands=(
${commands.map(({ name, description }) => `    '${name}:${described(description)}'`).join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  # The command takes the place of the program before its options and arguments.
  shift words
  ((CURRENT--))
  case $words[1] in
${commands
  .map((command) => {
    const options = command.options.map(({ flag, description }) => `'${flag}[${described(description)}]'`);
    const first =
      command.first === 'vpn'
        ? ["'1:vpn:_portward_vpns'"]
        : choices(command) === ''
          ? []
          : [`'1:${command.name}:(${choices(command)})'`];
    return `    ${command.name}) _arguments ${[...options, ...first].join(' ')} ;;`;
  })
  .join('\n')}
  esac
}
_portward_vpns() {
  local -a names
  names=(\${(f)"$(portward ${VPN_NAMES} 2>/dev/null)"})
  _describe vpn names
}
compdef _portward portward`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}

function whenSeen(command: string): string {
  return `complete -c portward -n '__fish_seen_subcommand_from ${command}'`;
}

function fish(commands: readonly CommandWords[]): string {
  return [
    '# Completion of portward for fish: portward completion fish | source',
    'complete -c portward -f',
    ...commands.flatMap((command) => [
      `complete -c portward -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.description)}`,
      ...command.options.map(
        ({ flag, description }) => `${whenSeen(command.name)} -l ${flag.slice(2)} -d ${quoted(description)}`,
      ),
      ...(command.first === 'vpn' ? [`${whenSeen(command.name)} -a '(portward ${VPN_NAMES} 2>/dev/null)'`] : []),
      ...(choices(command) === '' ? [] : [`${whenSeen(command.name)} -a ${quoted(choices(command))}`]),
    ]),
  ].join('\n');
}
