"""Run another program, and show only how long it has been running."""
import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Mapping, Optional, Sequence, Union

from tqdm import tqdm

from scripts.base.errors import ProjectError
from scripts.base.exits import explain_exit
from scripts.base.parent import tethered

REFRESH_SECONDS = 1.0
Argument = Union[str, Path]


def run_quietly(
    command: Sequence[Argument], what: str, cwd: Path, environment: Optional[Mapping[str, str]] = None, remedy: str = ""
) -> str:
    """Run a program to its end. It ends with this process, also when this one is interrupted.

    command (Sequence): The program and its arguments.
    what (str): What it does, such as `installing the package`.
    cwd (Path): The folder that it runs in.
    environment (Mapping[str, str]): Environment variables that are added.
    remedy (str): What the user can do if it fails.
    RETURNS (str): What it printed.
    RAISES (ProjectError): If it fails: with the line of its output that says why.
    """
    with tempfile.TemporaryFile() as log:
        code = _wait(command, what, cwd, _surroundings(environment or {}), log)
        log.seek(0)
        output = log.read().decode("utf8", errors="replace")
    if code:
        raise ProjectError(f"{what} failed ({failure(output, code)})", remedy=remedy)
    return output


def _surroundings(added: Mapping[str, str]) -> dict[str, str]:
    # What it leaves in temporary folders is found by the next start of this project.
    return {**os.environ, "TMPDIR": tempfile.gettempdir(), **added}


def _wait(command: Sequence[Argument], what: str, cwd: Path, environment: Mapping[str, str], log: IO[bytes]) -> int:
    process = subprocess.Popen(
        tethered([str(argument) for argument in command]),
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    with tqdm(desc=what, bar_format="{desc} {elapsed}", leave=False, disable=None) as line:
        try:
            while process.poll() is None:
                try:
                    process.wait(REFRESH_SECONDS)
                except subprocess.TimeoutExpired:
                    line.refresh()
        finally:
            # Without effect on one that has ended; after Ctrl-C it must not write into folders that are being removed.
            process.kill()
            process.wait()
    return process.returncode


def failure(output: str, code: int) -> str:
    """RETURNS (str): The signal that ended it, or the line that pip marks as an error, or the last one."""
    if code < 0:
        return explain_exit(code)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith("ERROR")]
    return (marked[:1] or lines[-1:] or [explain_exit(code)])[0]
