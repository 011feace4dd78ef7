"""``candela completion``: what makes a shell complete candela's commands and options."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

_VARIABLE = "_CANDELA_COMPLETE"
_SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command()
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the lines that make a shell complete candela's commands and options.

    \b
    bash:  eval "$(candela completion bash)"        in ~/.bashrc
    zsh:   eval "$(candela completion zsh)"         in ~/.zshrc, after compinit
    fish:  candela completion fish | source         in ~/.config/fish/config.fish
    """
    complete = _SHELLS[shell](ctx.find_root().command, {}, "candela", _VARIABLE)
    # Not source(): in the one for bash, click starts a bash to see its version.
    click.echo(complete.source_template % complete.source_vars())
