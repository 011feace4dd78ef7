"""``candela completion``: shells complete commands and options."""

import asyncio
import shutil

import pytest

from tests.cli.command import Home, Result


async def completed(home: Home, words: str, at: int) -> list[str]:
    ran = await home.run(COMP_WORDS=words, COMP_CWORD=str(at), _CANDELA_COMPLETE="bash_complete")
    return [line.partition(",")[2] for line in ran.out.splitlines()]


async def test_commands_and_options_are_completed(home: Home) -> None:
    assert await completed(home, "candela comp", 1) == ["completion"]
    assert await completed(home, "candela keys crea", 2) == ["create"]
    assert await completed(home, "candela keys create --pro", 3) == ["--project", "--providers"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_a_shell_can_read_what_is_printed(home: Home, shell: str) -> None:
    ran = await home.run("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert "_CANDELA_COMPLETE" in ran.out
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"needs {shell}")
    checked = await _checked(home, program, ran.out)
    assert (checked.code, checked.err) == (0, "")


async def _checked(home: Home, program: str, script: str) -> Result:
    file = home.directory / "completion"
    file.write_text(script)
    process = await asyncio.create_subprocess_exec(
        program, "-n", str(file), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return Result(process.returncode or 0, out.decode(), err.decode())
